"""`parley tone`: train the classifier of tones."""

import typer

app = typer.Typer(help="Train the classifier of tones.", no_args_is_help=True)

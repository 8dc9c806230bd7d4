"""`parley completion`: what a shell reads to complete commands and options with the Tab key."""

import os
from typing import Annotated, Literal

import typer


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="Which shell.")],
) -> None:
    """Print what lets a shell complete commands and options.

    [bold]Examples[/]

        source <(parley completion bash)

        parley completion zsh > ~/.zfunc/_parley

        parley completion fish > ~/.config/fish/completions/parley.fish

    `parley --install-completion` writes it to where your shell looks.
    """
    from infra.cli.main import app

    os.environ["_PARLEY_COMPLETE"] = f"source_{shell}"  # what such a script itself calls
    app(args=[], prog_name="parley")

"""`parley kb`: check and convert knowledge bases."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import AsJson

if TYPE_CHECKING:
    from workers.settings import WorkerSettings

app = typer.Typer(help="Check, import and tune a knowledge base.", no_args_is_help=True)


@app.command("import")
def import_base(
    table: Annotated[Path, typer.Argument(help="CSV file with a header row.")],
    target: Annotated[Path, typer.Argument(help="YAML file to write.")],
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite the target.")] = False,
    as_json: AsJson = False,
) -> None:
    """Turn a CSV file into a knowledge base file.

    UTF-8, UTF-16 or Windows-1252; commas, semicolons, tabs or what a line `sep=` names.
    Columns: id, question, phrasings and tags (both separated by |), answer, handover,
    tone_negative, tone_positive; question and answer are required.

    [bold]Example[/]

        parley kb import answers.csv faq.yaml
    """
    from infra.cli.output import console, print_done, print_json
    from shared.errors import AlreadyThere, KnowledgeError
    from workers.modelling.knowledge.csv_import import import_csv, to_yaml

    if target.exists() and not replace:
        raise AlreadyThere(f"{target} exists already: name another file or add --replace.")
    imported = import_csv(table)
    try:
        target.write_text(to_yaml(imported.entries), "utf-8")
    except OSError as error:
        raise KnowledgeError(f"{target} cannot be written: {error.strerror}.") from None
    if as_json:
        warnings = [str(warning) for warning in imported.warnings]
        entries = len(imported.entries)
        print_json({"file": str(target), "entries": entries, "warnings": warnings})
        return
    for warning in imported.warnings:
        console().print(f"warning: {warning}", markup=False, highlight=False, soft_wrap=True)
    print_done(f"{target}: {len(imported.entries)} entries")


@app.command("fit")
def fit_base(
    messages: Annotated[
        Path, typer.Argument(help="JSON lines: text, and id of the entry that answers, or null.")
    ],
    path: Annotated[
        Path | None, typer.Argument(help="File or folder \\[default: PARLEY_KB, else the demo].")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Move the confidence to what labelled messages of people say; workers use it when they start.

    A few hundred messages in their own mix are best; a handful moves it little.

    [bold]Example[/]

        parley kb fit labelled.jsonl faq.yaml
    """
    from infra.cli.output import console, print_done, print_json
    from infra.supervisor.native_stderr import suppress_native_stderr
    from workers.modelling.knowledge.tuning import tune

    with suppress_native_stderr():
        report, target = tune(worker_settings(), path or configured_base(), messages)
    if as_json:
        print_json({"file": str(target), "report": report})
        return
    level = report.level
    console().print(
        f"{report.messages} messages, {report.answerable} of them answerable, "
        f"{report.right_first:.1%} of these ranked right\n"
        f"ECE {level.error_before:.3f} before, {level.error_after:.3f} after "
        f"(log-odds moved by {level.shift:+.2f})",
        highlight=False,
        soft_wrap=True,
    )
    print_done(str(target))


def worker_settings() -> "WorkerSettings":
    """Return what workers read from the environment."""
    from shared.settings import load
    from workers.settings import WorkerSettings

    return load(WorkerSettings)


def configured_base() -> Path:
    """Return the base that is set, else the demo's."""
    from shared.settings import load
    from workers.knowledge.loader import DEMO
    from workers.settings import WorkerSettings

    return load(WorkerSettings).kb or DEMO

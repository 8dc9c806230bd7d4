"""`parley kb gaps` and `parley kb suggest`: what a base lacks, and what it confuses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.knowledge import configured_base, worker_settings
from infra.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.gap_groups import GapGroup
    from workers.modelling.knowledge.confusions import Confusion

_SHOWN = 10


def gaps(
    out: Annotated[Path | None, typer.Option(help="YAML file to write, for an editor.")] = None,
    least: Annotated[int, typer.Option(min=1, help="Leave out what came less often.")] = 1,
    tenant: Annotated[str, typer.Option(help="Tenant whose messages are read.")] = "default",
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite the file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Group messages that got no answer into candidates for new entries.

    Workers keep them, redacted, if PARLEY_GAPS is set. Fill in the answers of the file, then
    `parley kb check` takes it.

    [bold]Example[/]

        parley kb gaps --out gaps.yaml
    """
    from infra.cli.output import console, print_json
    from infra.cli.queue_connection import connect_to_partitions
    from infra.supervisor.native_stderr import suppress_native_stderr
    from shared.errors import AlreadyThere
    from workers.gap_store import open_gaps_of_all
    from workers.modelling.knowledge.traffic import candidates_for

    if out and out.exists() and not replace:
        raise AlreadyThere(f"{out} exists already: name another file or add --replace.")
    settings = worker_settings()
    kept = open_gaps_of_all(connect_to_partitions(), tenant)
    if not kept and not as_json:
        reason = "" if settings.gaps else ": workers keep them only with PARLEY_GAPS=1"
        console().print(f"No messages without an answer are kept{reason}.", highlight=False)
        return
    with suppress_native_stderr():
        found, taken = candidates_for(settings, configured_base(), kept) if kept else ([], [])
    candidates = [each for each in found if each.times >= least]
    if out:
        _write(out, candidates, taken)
    if as_json:
        print_json(candidates)
    else:
        _show(candidates, out)
        if settings.kb is None:
            console().print("PARLEY_KB is not set: nearest are entries of the demo.", style="dim")


def suggest(
    path: Annotated[
        Path | None, typer.Argument(help="File or folder \\[default: PARLEY_KB, else the demo].")
    ] = None,
    least: Annotated[int, typer.Option(min=1, help="Leave out pairs of fewer wordings.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Warn of entries that are confused with each other, with examples and what to do.

    Each wording is asked of a base without it: it should still find its own entry first.

    [bold]Example[/]

        parley kb suggest faq.yaml
    """
    from infra.cli.output import console, print_json
    from infra.supervisor.native_stderr import suppress_native_stderr
    from workers.modelling.knowledge.traffic import confusions_of

    base = path or configured_base()
    with suppress_native_stderr():
        found = confusions_of(worker_settings(), base, least)
    if as_json:
        print_json(found)
        return
    for each in found:
        _show_confusion(each)
    mark = "[yellow]![/]" if found else "[green]✓[/]"
    console().print(f"{mark} {base}: {len(found)} pairs of entries are confused", highlight=False)


def _write(out: Path, candidates: "Sequence[GapGroup]", taken: "Sequence[str]") -> None:
    from shared.errors import KnowledgeError
    from workers.modelling.knowledge.gap_file import gap_file

    try:
        out.write_text(gap_file(candidates, taken), "utf-8")
    except OSError as error:
        raise KnowledgeError(f"{out} cannot be written: {error.strerror}.") from None


def _show(candidates: "Sequence[GapGroup]", out: Path | None) -> None:
    from infra.cli.output import console

    screen = console()
    for each in candidates[:_SHOWN]:
        nearest = f"nearest: {each.nearest} ({each.confidence:.2f})"
        screen.print(f"{each.times:>5}  {each.question}", highlight=False, markup=False)
        screen.print(f"       {nearest}", style="dim", highlight=False, markup=False)
    found = "1 candidate" if len(candidates) == 1 else f"{len(candidates)} candidates"
    screen.print(found, highlight=False)
    if out:
        screen.print(f"Written: {out}", highlight=False, markup=False, soft_wrap=True)


def _show_confusion(found: "Confusion") -> None:
    from infra.cli.output import console

    def show(line: str, style: str = "") -> None:
        console().print(line, style=style, highlight=False, markup=False, soft_wrap=True)

    wordings = "1 wording" if found.times == 1 else f"{found.times} wordings"
    show(f"{found.entry} is taken for {found.other}: {wordings}")
    for wording, nearest in found.examples:
        show(f"    {wording!r} reads like {nearest!r}", "dim")
    show(f"    {found.advice}")

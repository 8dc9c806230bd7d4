"""`parley kb check`: what is wrong in a knowledge base, and what may not be meant so."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.exit_status import ExitStatus
from infra.cli.knowledge import configured_base
from infra.cli.options import AsJson

if TYPE_CHECKING:
    from workers.knowledge.base import Fault
    from workers.knowledge.loader import Reading, Readings


def check_base(
    path: Annotated[
        Path | None, typer.Argument(help="File or folder \\[default: PARLEY_KB, else the demo].")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take warnings for faults.")] = False,
    as_json: AsJson = False,
) -> None:
    """Name every fault and every warning of a knowledge base with its file and line.

    Workers refuse a base with a fault. A warning names what they take, but may not be meant so.
    The exit status is 6 if there is a fault, or with --strict a warning.

    [bold]Examples[/]

        parley kb check faq.yaml
        parley kb check --strict --json faq.yaml
    """
    from workers.knowledge.loader import read_all

    base = path or configured_base()
    readings = read_all(base)
    faults = [*_named(readings, "faults"), *((None, each) for each in readings.faults)]
    warnings = _named(readings, "warnings")
    if as_json:
        _print_json(base, readings, faults, warnings)
    else:
        _print_lines(readings, faults, warnings)
    if faults or (strict and warnings):
        raise typer.Exit(ExitStatus.DEGRADED)


def _parts(readings: "Readings") -> "list[tuple[str | None, Reading]]":
    shared = [(None, readings.shared)] if readings.shared else []
    return [*shared, *readings.tenants.items()]


def _named(readings: "Readings", field: str) -> "list[tuple[str | None, Fault]]":
    """Return the faults or warnings of all bases, each with its tenant."""
    return [(tenant, each) for tenant, part in _parts(readings) for each in getattr(part, field)]


def _print_json(
    base: Path,
    readings: "Readings",
    faults: "Sequence[tuple[str | None, Fault]]",
    warnings: "Sequence[tuple[str | None, Fault]]",
) -> None:
    from infra.cli.output import print_json

    def listed(found: "Sequence[tuple[str | None, Fault]]", what: str) -> list[dict[str, object]]:
        return [
            {"tenant": tenant, "file": str(each.file), "line": each.line, what: each.message}
            for tenant, each in found
        ]

    shared = readings.shared
    print_json(
        {
            "path": str(base),
            **(_facts(shared) if shared else {"entries": 0, "phrasings": 0, "revision": None}),
            "tenants": [
                {"tenant": tenant, **_facts(part)} for tenant, part in readings.tenants.items()
            ],
            "faults": listed(faults, "fault"),
            "warnings": listed(warnings, "warning"),
        }
    )


def _print_lines(
    readings: "Readings",
    faults: "Sequence[tuple[str | None, Fault]]",
    warnings: "Sequence[tuple[str | None, Fault]]",
) -> None:
    from infra.cli.output import console

    screen = console()
    for kind, found in (("fault", faults), ("warning", warnings)):
        for tenant, each in found:
            prefix = f"tenant {tenant}: " if tenant else ""
            said = f"{prefix}{each}" if kind == "fault" else f"{prefix}warning: {each}"
            screen.print(said, markup=False, highlight=False, soft_wrap=True)
    for tenant, part in _parts(readings):
        if not part.faults:
            screen.print("[green]✓[/] ", end="")
            said = f"{part.path}{f' (tenant {tenant})' if tenant else ''}: {_described(part)}"
            screen.print(said, markup=False, highlight=False, soft_wrap=True)
    for kind, colour, found in (("warning", "yellow", warnings), ("fault", "red", faults)):
        if found:
            many = "" if len(found) == 1 else "s"
            screen.print(f"[{colour}]{len(found)} {kind}{many}[/]")


def _facts(reading: "Reading") -> dict[str, object]:
    """Return how much workers take of a base; nothing of one with a fault."""
    if reading.faults:
        return {"entries": 0, "phrasings": 0, "revision": None}
    base = reading.base
    phrasings = sum(len(entry.all_phrasings) for entry in base.entries)
    return {"entries": len(base.entries), "phrasings": phrasings, "revision": base.revision}


def _described(reading: "Reading") -> str:
    facts = _facts(reading)
    counted = f"{facts['entries']} entries, {facts['phrasings']:,} phrasings"
    return f"{counted}, revision {facts['revision']}"

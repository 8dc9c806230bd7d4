"""`parley kb check`: what is wrong in a knowledge base, and what may not be meant so."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.knowledge import AsJson, configured_base

if TYPE_CHECKING:
    from workers.knowledge.base import Fault
    from workers.knowledge.loader import Reading, Readings

    Named = tuple[str | None, Fault]  # with the tenant whose base it is in


def check_base(
    path: Annotated[
        Path | None, typer.Argument(help="File or folder [default: PARLEY_KB, else the demo].")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take warnings for faults.")] = False,
    as_json: AsJson = False,
) -> None:
    """Name every fault and every warning of a knowledge base with its file and line.

    Workers refuse a base with a fault. A warning names what they take, but may not be meant so.
    The exit status is 1 if there is a fault, or with --strict a warning.
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
        raise typer.Exit(1)


def _parts(readings: "Readings") -> "list[tuple[str | None, Reading]]":
    shared = [(None, readings.shared)] if readings.shared else []
    return [*shared, *readings.tenants.items()]


def _named(readings: "Readings", field: str) -> "list[Named]":
    return [(tenant, each) for tenant, part in _parts(readings) for each in getattr(part, field)]


def _print_json(
    base: Path, readings: "Readings", faults: "Sequence[Named]", warnings: "Sequence[Named]"
) -> None:
    from infra.cli.output import print_json

    def listed(found: "Sequence[Named]", what: str) -> list[dict[str, object]]:
        return [
            {"tenant": tenant, "file": str(each.file), "line": each.line, what: each.message}
            for tenant, each in found
        ]

    sizes = {tenant: _size(part) for tenant, part in _parts(readings)}
    print_json(
        {
            "path": str(base),
            "entries": sizes.get(None, (0, 0))[0],
            "phrasings": sizes.get(None, (0, 0))[1],
            "tenants": [
                {"tenant": tenant, "entries": entries, "phrasings": phrasings}
                for tenant, (entries, phrasings) in sizes.items()
                if tenant is not None
            ],
            "faults": listed(faults, "fault"),
            "warnings": listed(warnings, "warning"),
        }
    )


def _print_lines(
    readings: "Readings", faults: "Sequence[Named]", warnings: "Sequence[Named]"
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
            entries, phrasings = _size(part)
            whose = f" (tenant {tenant})" if tenant else ""
            said = f"[green]✓[/] {part.path}{whose}: {entries} entries, {phrasings:,} phrasings"
            screen.print(said, highlight=False, soft_wrap=True)
    for kind, colour, found in (("warning", "yellow", warnings), ("fault", "red", faults)):
        if found:
            many = "" if len(found) == 1 else "s"
            screen.print(f"[{colour}]{len(found)} {kind}{many}[/]")


def _size(reading: "Reading") -> tuple[int, int]:
    """Return how many entries and phrasings workers take; none of a base with a fault."""
    if reading.faults:
        return 0, 0
    entries = reading.base.entries
    return len(entries), sum(len(entry.all_phrasings) for entry in entries)

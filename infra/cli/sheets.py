"""What `bench` and `chaos` share: the packages they need, and their tables on a screen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from infra.bench.tables import Sheet


def require(command: str, *packages: str) -> None:
    """Raise BenchError where a package that only tests and measurements need is missing."""
    from importlib.util import find_spec

    from shared.errors import BenchError

    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        needed = ", ".join(missing)
        raise BenchError(f"`parley {command}` needs {needed}: run `make {command}` once.")


def print_sheets(sheets: "Sequence[Sheet]", screen: "Console") -> None:
    """Print tables; a figure is never cut."""
    from rich import box
    from rich.table import Table

    for sheet in sheets:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        for place, name in enumerate(sheet.head):
            widest = max(len(row[place]) for row in sheet.rows)
            table.add_column(name, justify="right" if place else "left", min_width=widest)
        for row in sheet.rows:
            table.add_row(*row)
        screen.print(f"[bold]{sheet.title}[/]", table, sep="\n", highlight=False)

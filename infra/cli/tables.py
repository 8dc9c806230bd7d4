"""Tables of `bench` and `chaos` on a screen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from infra.tables import Table


def print_tables(tables: "Sequence[Table]", screen: "Console") -> None:
    """Print tables; a figure is never cut."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table as RichTable

    for table in tables:
        drawn = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        for index, name in enumerate(table.head):
            widest = max(len(row[index]) for row in table.rows)
            drawn.add_column(name, justify="right" if index else "left", min_width=widest)
        for row in table.rows:
            drawn.add_row(*map(escape, row))
        screen.print(f"[bold]{table.title}[/]", drawn, sep="\n", highlight=False)

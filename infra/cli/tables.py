"""Tables on a screen, whatever its width: nothing is cut."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from infra.tables import Table

_GAP = 2  # blanks between two columns
_WORDS_COLUMNS = 24  # what the last column of a list needs, to be read easily


def print_tables(tables: "Sequence[Table]", screen: "Console") -> None:
    """Print tables of figures; one that is too wide goes on below, with its first column."""
    for table in tables:
        screen.print(f"[bold]{table.title}[/]", highlight=False)
        for columns in _parts(table, screen.width):
            _print_part(table, columns, screen)


def _parts(table: "Table", width: int) -> Iterator[list[int]]:
    """Yield the columns that fit side by side, each time with the first one."""
    widths = _widths(table.head, table.rows)
    part: list[int] = []
    for index in range(1, len(widths)):
        taken = 1 + sum(widths[each] + _GAP for each in (0, *part, index))
        if part and taken > width:
            yield [0, *part]
            part = []
        part.append(index)
    yield [0, *part]


def _widths(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    from rich.cells import cell_len

    return [
        max(cell_len(line[index]) for line in (head, *rows) if index < len(line))
        for index in range(len(head))
    ]


def _print_part(table: "Table", columns: Sequence[int], screen: "Console") -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table as RichTable

    drawn = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for index in columns:
        widest = max(len(row[index]) for row in table.rows)
        drawn.add_column(
            escape(table.head[index]), justify="right" if index else "left", min_width=widest
        )
    for row in table.rows:
        drawn.add_row(*(escape(row[index]) for index in columns))
    widths = _widths(table.head, table.rows)
    needed = 1 + sum(widths[index] + _GAP for index in columns)
    screen.print(drawn, highlight=False, width=max(needed, screen.width), crop=False)


def print_list(head: Sequence[str], rows: Sequence[Sequence[str]], screen: "Console") -> None:
    """Print things with their facts; the first column names each, the last may be long words.

    Where they do not fit side by side each has lines of its own.
    """
    from rich.table import Table as RichTable

    widths = _widths(head, rows)
    needed = sum(width + _GAP for width in widths[:-1]) + min(widths[-1], _WORDS_COLUMNS)
    if needed > screen.width:
        _print_blocks(head, rows, screen)
        return
    table = RichTable(box=None, padding=(0, _GAP, 0, 0), header_style="dim", pad_edge=False)
    for name in head:
        table.add_column(name, no_wrap=name != head[-1])
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    screen.print(table)


def _print_blocks(head: Sequence[str], rows: Sequence[Sequence[str]], screen: "Console") -> None:
    label = max(len(name) for name in head[1:])
    for row in rows:
        screen.print(_plain(row[0]), style="bold", soft_wrap=True)
        for name, cell in zip(head[1:], row[1:], strict=True):
            if cell:
                screen.print(f"  [dim]{name:<{label}}[/] ", end="", highlight=False)
                screen.print(_plain(cell), soft_wrap=True)


def print_fields(pairs: Sequence[tuple[str, str]], screen: "Console") -> None:
    """Print names and values, a line each."""
    label = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        screen.print(f"[dim]{name:<{label}}[/]  ", end="", highlight=False)
        screen.print(_plain(value), soft_wrap=True)


def _plain(text: str) -> "Text":
    from rich.text import Text

    return Text(text)

"""Tables of ready texts, for a terminal and for a page."""

from collections.abc import Iterable
from dataclasses import dataclass

NO_VALUE = "–"


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; the first column holds words, the others hold figures."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return the table in Markdown."""
        lines = [self.head, ("---", *("--:" for _ in self.head[1:])), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown_page(tables: Iterable[Table]) -> str:
    """Return tables one below the other, each under its title."""
    return "\n".join(f"### {table.title}\n\n{table.markdown()}\n" for table in tables)

"""A spreadsheet's CSV as rows of named cells."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.knowledge.records import SyntaxFault

_SEPARATOR = re.compile(r'\A"?sep=(.)"?[ ,;\t]*(?:\n|\Z)', re.IGNORECASE)  # Excel's first line
_DELIMITERS = ",;\t"
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_QUOTED = re.compile(r'"[^"]*"')
_ERRORS = re.compile(r"#(?:NAME\?|REF!|VALUE!|DIV/0!|N/A|NUM!|NULL!|SPILL!|CALC!)\Z|#{3,}\Z")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row's cells by column; `errors` names the columns that hold a spreadsheet's error."""

    line: int
    cells: dict[str, str]

    @property
    def errors(self) -> list[str]:
        """Return the columns whose cell is an error that the spreadsheet shows."""
        return [name for name, cell in self.cells.items() if _ERRORS.match(cell)]


def read_csv(text: str, columns: Sequence[str]) -> Iterator[CsvRow]:
    """Yield the rows that hold something; raise SyntaxFault for a bad header.

    The delimiter is what a first line `sep=` names, else comma, semicolon or tab as the header
    has it. `columns` are the names allowed; case and spaces don't count. Columns without a name
    must be empty.
    """
    delimiter, skipped = _delimiter(text)
    lines = io.StringIO(text, newline="")
    for _ in range(skipped):
        lines.readline()
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    names: Sequence[str] = ()
    try:
        start = skipped + 1
        for cells in rows:
            if any(cell.strip() for cell in cells):
                if names:
                    yield CsvRow(start, _by_name(names, cells, start))
                else:
                    names = _header(cells, columns, start)
            start = skipped + rows.line_num + 1
    except csv.Error as error:
        raise SyntaxFault(skipped + rows.line_num, f"not CSV: {error}") from None


def _delimiter(text: str) -> tuple[str, int]:
    """Return the delimiter, and how many lines come before the table."""
    named = _SEPARATOR.match(text)
    if named:
        return named[1], 1
    header = next((line for line in text.split("\n") if line.strip(_DELIMITERS + " ")), "")
    return max(_DELIMITERS, key=_QUOTED.sub("", header).count), 0


def _header(cells: Sequence[str], columns: Sequence[str], line: int) -> list[str]:
    names = [_BETWEEN_WORDS.sub("_", cell.strip().casefold()).strip("_") for cell in cells]
    while names and not names[-1]:
        names.pop()
    for name, cell in zip(names, cells, strict=False):
        if name and name not in columns:
            allowed = ", ".join(columns)
            raise SyntaxFault(line, f"unknown column {cell.strip()!r}; columns are {allowed}")
    named = [name for name in names if name]
    if len(set(named)) < len(named):
        raise SyntaxFault(line, "a column is named twice")
    return names


def _by_name(names: Sequence[str], cells: Sequence[str], line: int) -> dict[str, str]:
    padded = [*names, *("" for _ in range(len(cells) - len(names)))]
    filled = [cell.strip() for cell in cells]
    if any(cell and not name for name, cell in zip(padded, filled, strict=False)):
        named = sum(map(bool, names))
        raise SyntaxFault(line, f"{len(cells)} cells under {named} columns")
    return {name: cell for name, cell in zip(padded, filled, strict=False) if name}

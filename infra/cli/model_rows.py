"""Labelled rows for the precision gate: a file of them, or a knowledge base's phrasings."""

from pathlib import Path

import msgspec

from shared.errors import CommandMisused
from workers.knowledge.loader import load
from workers.modelling.encoder.gate import LabelledRow

MAX_ROWS = 3000


def rows_of_file(path: Path) -> list[LabelledRow]:
    """Read JSON lines of text and label; CommandMisused names the line that is not."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandMisused(f"--data {path} cannot be read: {error}") from error
    return thinned([_row(path, number, line) for number, line in enumerate(lines, 1) if line])


def rows_of_base(path: Path) -> list[LabelledRow]:
    """Return a knowledge base's phrasings, each labelled with its entry."""
    return thinned(
        [
            LabelledRow(phrasing, entry.id)
            for entry in load(path).entries
            for phrasing in entry.all_phrasings
        ]
    )


def thinned(rows: list[LabelledRow], limit: int = MAX_ROWS) -> list[LabelledRow]:
    """Return at most `limit` rows, taken evenly."""
    if len(rows) <= limit:
        return rows
    return [rows[index * len(rows) // limit] for index in range(limit)]


def _row(path: Path, number: int, line: str) -> LabelledRow:
    try:
        return msgspec.json.decode(line, type=LabelledRow)
    except msgspec.MsgspecError as error:
        raise CommandMisused(f"--data {path}:{number}: {error}.") from error

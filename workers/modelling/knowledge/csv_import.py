"""Turn a spreadsheet's CSV into a knowledge base file."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import yaml

from shared.errors import KnowledgeError
from workers.knowledge.base import Entry, Fault
from workers.knowledge.csv_records import CsvRow, read_csv
from workers.knowledge.decoding import decode_table
from workers.knowledge.loader import duplicates
from workers.knowledge.records import Located, Pairs, SyntaxFault
from workers.knowledge.schema import EntryReader, Placed

COLUMNS = (
    "id",
    "question",
    "phrasings",
    "answer",
    "tags",
    "handover",
    "tone_negative",
    "tone_positive",
)
NEXT_LINE = "\x85"  # a break in YAML, which comes back as a line feed unless it is escaped
_LISTS = ("phrasings", "tags")
_TRUE = {"true", "yes", "y", "1", "x"}
_FALSE = {"false", "no", "n", "0"}
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Imported:
    """The entries of a table, and what in it may not be meant as it stands there."""

    entries: tuple[Entry, ...]
    warnings: tuple[Fault, ...]


def import_csv(path: Path) -> Imported:
    """Return the rows of a CSV file as entries; raise KnowledgeError that lists every fault.

    `COLUMNS` are the columns; question and answer are required; phrasings and tags are separated by
    `|`; a missing id is made from the question.
    """
    reader = EntryReader(path)
    faults: list[Fault] = []
    warnings: list[Fault] = []
    placed: list[Placed] = []
    try:
        decoded = decode_table(path.read_bytes())
        warnings += _legacy(path, decoded.legacy_line)
        rows = list(read_csv(decoded.text, COLUMNS))
        warnings += (_error(path, row, name) for row in rows for name in row.errors)
        ids = _distinct([name_row(row.cells) for row in rows])
        found = (
            reader.entry(_record(row.line, {**row.cells, "id": name}))
            for row, name in zip(rows, ids, strict=True)
        )
        placed = [item for item in found if item]
    except SyntaxFault as fault:
        faults.append(Fault(path, fault.line, fault.message))
    except OSError as error:
        faults.append(Fault(path, 0, f"cannot be read: {error.strerror}"))
    faults += reader.faults + duplicates(placed)
    if not placed and not faults:
        faults.append(Fault(path, 0, "has no entries"))
    if faults:
        raise KnowledgeError("\n".join(map(str, sorted(faults))))
    return Imported(tuple(item.entry for item in placed), tuple(sorted(warnings)))


def _legacy(path: Path, line: int) -> list[Fault]:
    said = "not UTF-8; read as Windows-1252: look at its accents, or save the table as UTF-8"
    return [Fault(path, line, said)] if line else []


def _error(path: Path, row: CsvRow, name: str) -> Fault:
    return Fault(path, row.line, f"{name} is {row.cells[name]}, an error of the spreadsheet")


def name_row(cells: dict[str, str]) -> tuple[str, bool]:
    """Return a row's id, and whether it was given rather than made from the question."""
    if cells.get("id"):
        return cells["id"], True
    return _NOT_SLUG.sub("-", cells.get("question", "").casefold()).strip("-")[:60], False


def _distinct(names: Sequence[tuple[str, bool]]) -> list[str]:
    taken = {name for name, given in names if given}
    ids: list[str] = []
    for name, given in names:
        made = name or "entry"
        if not given:
            numbered = (f"{made}-{number}" for number in count(2))
            made = next(
                candidate for candidate in chain([made], numbered) if candidate not in taken
            )
        taken.add(made)
        ids.append(made)
    return ids


def _record(line: int, cells: dict[str, str]) -> Located:
    pairs = Pairs()
    tones = Pairs()
    for name, cell in cells.items():
        if not cell:
            continue
        if name.startswith("tone_"):
            tones.append((_text(name.removeprefix("tone_"), line), _text(cell, line)))
        else:
            pairs.append((_text(name, line), _value(name, cell, line)))
    if tones:
        pairs.append((_text("tones", line), Located(tones, line, "a mapping")))
    return Located(pairs, line, "a mapping")


def _value(name: str, cell: str, line: int) -> Located:
    if name in _LISTS:
        items = [_text(item.strip(), line) for item in cell.split("|") if item.strip()]
        return Located(items, line, "a list")
    if name == "handover" and cell.casefold() in _TRUE | _FALSE:
        return Located(cell.casefold() in _TRUE, line, "a truth value")
    return _text(cell, line)


def _text(value: str, line: int) -> Located:
    return Located(value, line, "text")


def to_yaml(entries: Iterable[Entry]) -> str:
    """Return entries as a knowledge base file that `load` reads back to the same."""
    rows = [_row(entry) for entry in entries]
    return str(yaml.dump(rows, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))


def _row(entry: Entry) -> dict[str, object]:
    row: dict[str, object] = {
        "id": entry.id,
        "question": entry.question,
        "phrasings": list(entry.phrasings),
        "answer": entry.answer,
        "tones": dict(entry.tones),
        "tags": list(entry.tags),
        "handover": entry.handover,
    }
    return {key: value for key, value in row.items() if value}


class _Dumper(yaml.SafeDumper):
    """Write answers of several lines as blocks, as a person would, where these keep every break."""


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if NEXT_LINE in text else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _write_text)

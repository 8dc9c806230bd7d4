"""The rows of a labelled file: JSON lines, a YAML list or a JSON list, each with its line."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import EvaluationError
from workers.knowledge.decoding import decode
from workers.knowledge.json_records import read_json
from workers.knowledge.records import Located, Pairs, SyntaxFault
from workers.knowledge.yaml_records import read_yaml

_MAX_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One mapping of a file, as plain values, and the line on which it begins."""

    file: Path
    line: int
    values: dict[str, Any]


class RowFault(Exception):
    """Say what is wrong with a row."""


def read_rows(file: Path) -> list[Row]:
    """Return the rows of a file; raise EvaluationError that names file, line and fault."""
    try:
        text = decode(file.read_bytes())
        found = list(_located(file, text))
    except SyntaxFault as fault:
        raise EvaluationError(f"{file}:{fault.line}: {fault.message}") from None
    except OSError as error:
        raise EvaluationError(f"{file} cannot be read: {error.strerror}.") from None
    if not found:
        raise EvaluationError(f"{file} has no rows.")
    return found


def convert(rows: Sequence[Row], read: Callable[[Row], Any]) -> list[Any]:
    """Return what `read` makes of each row; raise EvaluationError that lists every fault."""
    made, faults = [], []
    for row in rows:
        try:
            made.append(read(row))
        except RowFault as fault:
            faults.append(f"{row.file}:{row.line}: {fault}")
    if faults:
        more = len(faults) - _MAX_FAULTS
        shown = [*faults[:_MAX_FAULTS], *([f"and {more} more"] if more > 0 else [])]
        raise EvaluationError("\n".join(shown))
    return made


def text_of(row: Row, *names: str) -> str:
    """Return the text in the first of some fields that the row has."""
    for name in names:
        if name in row.values:
            value = row.values[name]
            if not isinstance(value, str) or not value.strip():
                raise RowFault(f"{name} must be text that says something, this is {_kind(value)}")
            return value
    raise RowFault(f"the row has no {' or '.join(names)}")


def flag_of(row: Row, name: str) -> bool:
    """Return a truth value, which may be written as 0 or 1; false if it is missing."""
    value = row.values.get(name, False)
    if value in (0, 1):
        return bool(value)
    raise RowFault(f"{name} must be true or false, this is {_kind(value)}")


def ids_of(row: Row, name: str) -> frozenset[str]:
    """Return one id or a list of them as a set; nothing for null."""
    value = row.values.get(name)
    listed = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) and each for each in listed):
        raise RowFault(f"{name} must be an id, a list of ids, or null; this is {_kind(value)}")
    return frozenset(listed)


def _kind(value: object) -> str:
    return repr(value)[:60]


def _located(file: Path, text: str) -> Iterator[Row]:
    suffix = file.suffix.lower()
    if suffix in (".yaml", ".yml"):
        yield from (_row(file, item) for item in read_yaml(text))
    elif suffix == ".json":
        yield from _json_list(file, text)
    else:
        for item in read_json(text):
            if isinstance(item, SyntaxFault):
                raise item
            yield _row(file, item)


def _json_list(file: Path, text: str) -> Iterator[Row]:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise SyntaxFault(error.lineno, f"not JSON: {error.msg} (column {error.colno})") from None
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise SyntaxFault(1, "a list of objects is needed")
    yield from (Row(file, 1, each) for each in values)


def _row(file: Path, item: Located) -> Row:
    if not isinstance(item.value, Pairs):
        raise SyntaxFault(item.line, f"a row must be a mapping, this is {item.kind}")
    return Row(file, item.line, _plain(item))


def _plain(located: Located) -> Any:
    if isinstance(located.value, Pairs):
        return {str(key.value): _plain(value) for key, value in located.value}
    if located.kind == "a list":
        return [_plain(each) for each in located.value]
    if located.kind == "empty":
        return None
    return located.value

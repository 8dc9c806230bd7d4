"""JSON lines, or one JSON list in their place, as located values."""

import json
import re
from collections.abc import Iterator
from typing import Any

from workers.knowledge.records import Located, Pairs, SyntaxFault

_SPACE = " \t\n"
_KINDS = {bool: "a truth value", type(None): "empty"}
_HALF = re.compile("[\ud800-\udfff]")
_TOO_DEEP = "not JSON: nested too deeply"


class _Object(list[tuple[str, Any]]):
    pass


class _Number(str):
    """A number as the file has it: 1.10 is not 1.1."""

    __slots__ = ()


_decoder = json.JSONDecoder(
    object_pairs_hook=_Object,
    parse_int=_Number,
    parse_float=_Number,
    parse_constant=_Number,
)


def read_json(text: str) -> Iterator[Located | SyntaxFault]:
    """Yield one value for each line that isn't blank, or the fault of that line.

    A text that begins with a bracket is one JSON list; its items are yielded.
    """
    if text.lstrip(_SPACE).startswith("["):
        yield from _read_list(text)
        return
    for line, row in enumerate(text.split("\n"), start=1):
        if row.strip():
            yield _read_row(row, line)


def _read_row(row: str, line: int) -> Located | SyntaxFault:
    stripped = row.strip()
    # A line of what was a list: its comma changes nothing.
    whole = stripped[:-1] if stripped.endswith("},") else stripped
    try:
        value = _decoder.decode(whole)
    except json.JSONDecodeError as error:
        column = error.colno + len(row) - len(row.lstrip())
        return SyntaxFault(line, f"not JSON: {error.msg} (column {column})")
    except RecursionError:
        return SyntaxFault(line, _TOO_DEEP)
    return _located(value, line)


def _read_list(text: str) -> Iterator[Located | SyntaxFault]:
    place, line, counted = text.index("[") + 1, 1, 0
    while True:
        place = _skip(text, place, _SPACE)
        line, counted = line + text.count("\n", counted, place), place
        if text.startswith("]", place):
            break
        try:
            value, place = _decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            yield SyntaxFault(error.lineno, f"not JSON: {error.msg} (column {error.colno})")
            return
        except RecursionError:
            yield SyntaxFault(line, _TOO_DEEP)
            return
        yield _located(value, line)
        place = _skip(text, place, _SPACE)
        if text.startswith(",", place):
            place += 1
        elif not text.startswith("]", place):
            at = text.count("\n", 0, place) + 1
            yield SyntaxFault(at, "not JSON: a comma or the end of the list is missing")
            return
    rest = _skip(text, place + 1, _SPACE)
    if rest < len(text):
        yield SyntaxFault(text.count("\n", 0, rest) + 1, "not JSON: text after the list's end")


def _skip(text: str, place: int, skipped: str) -> int:
    while place < len(text) and text[place] in skipped:
        place += 1
    return place


def _located(value: Any, line: int) -> Located | SyntaxFault:
    try:
        if _has_surrogate(value):
            half = "half of a character: a \\ud800-\\udfff without its other half"
            return SyntaxFault(line, half)
        return _from_json(value, line)
    except RecursionError:
        return SyntaxFault(line, _TOO_DEEP)


def _has_surrogate(value: Any) -> bool:
    if isinstance(value, str):
        return _HALF.search(value) is not None
    if isinstance(value, list | tuple):
        return any(map(_has_surrogate, value))
    return False


def _from_json(value: Any, line: int) -> Located:
    if isinstance(value, _Object):
        pairs = ((Located(k, line, "text"), _from_json(v, line)) for k, v in value)
        return Located(Pairs(pairs), line, "a mapping")
    if isinstance(value, list):
        return Located([_from_json(item, line) for item in value], line, "a list")
    if isinstance(value, _Number):
        return Located(_number(value), line, "a number", written=str(value))
    written = str(value).lower() if isinstance(value, bool) else ""
    return Located(value, line, _KINDS.get(type(value), "text"), written)


def _number(written: str) -> int | float:
    try:
        return int(written)
    except ValueError:  # a fraction, or more digits than Python converts
        return float(written)

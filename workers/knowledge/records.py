"""From a file's text to located values: YAML, JSON lines or CSV, each value with its line.

Nothing is judged here beyond the syntax; `workers.knowledge.schema` judges the fields.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

MAX_DEPTH = 50
_JSON_KINDS = {bool: "a truth value", int: "a number", float: "a number", type(None): "empty"}
_YAML_KINDS = {
    "tag:yaml.org,2002:bool": "a truth value",
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:null": "empty",
    "tag:yaml.org,2002:timestamp": "a date",
}
_YAML_TEXT = "tag:yaml.org,2002:str"
_YAML_TRUE = {"true", "yes", "on"}
_YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Located:
    """A value and the line it stands on.

    `value` is a text, a truth value, a list of Located, or a list of (key, Located) pairs in a
    `Pairs`; `kind` says in words what it is.
    """

    value: Any
    line: int
    kind: str


class Pairs(list[tuple[Located, Located]]):
    """A mapping as it was written, doubled keys included."""


class SyntaxFault(Exception):
    """Say that a file cannot be read at all."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def decode(raw: bytes) -> str:
    """Return a file's text; raise SyntaxFault with the line of the first byte that isn't UTF-8."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SyntaxFault(line, f"byte 0x{raw[error.start]:02x} is not UTF-8") from None


def read_yaml(text: str) -> list[Located]:
    """Return the items of a YAML list; raise SyntaxFault if it is no list or no YAML."""
    try:
        _check_depth(text)
        node = yaml.compose(text, Loader=_YAML_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = ", ".join(part for part in (error.context, error.problem) if part)
        raise SyntaxFault(_line(mark), f"not YAML: {words}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SyntaxFault(line, f"not YAML: {error.reason}") from None
    if node is None:
        return []
    located = _from_node(node, depth=0)
    if located.kind != "a list":
        raise SyntaxFault(located.line, f"a list of entries is needed, this is {located.kind}")
    return list(located.value)


def _check_depth(text: str) -> None:
    # libyaml composes by recursion in C: a file nested deeply enough would end the process.
    depth = 0
    for event in yaml.parse(text, Loader=_YAML_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise SyntaxFault(_line(event.start_mark), "not YAML: nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _line(mark: Any) -> int:
    return mark.line + 1 if mark else 1


def _from_node(node: yaml.Node, depth: int) -> Located:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return _from_scalar(node, line)
    if depth > MAX_DEPTH:
        return Located(None, line, "nested too deeply")
    if isinstance(node, yaml.SequenceNode):
        return Located([_from_node(item, depth + 1) for item in node.value], line, "a list")
    pairs = ((_from_node(k, depth + 1), _from_node(v, depth + 1)) for k, v in node.value)
    return Located(Pairs(pairs), line, "a mapping")


def _from_scalar(node: yaml.ScalarNode, line: int) -> Located:
    kind = _YAML_KINDS.get(node.tag, "text" if node.tag == _YAML_TEXT else f"of type {node.tag}")
    value = node.value.casefold() in _YAML_TRUE if kind == "a truth value" else node.value
    return Located(value, line, kind)


def read_jsonl(text: str) -> Iterator[Located | SyntaxFault]:
    """Yield one mapping for each line that isn't blank, or the fault of that line."""
    for line, row in enumerate(text.split("\n"), start=1):
        if not row.strip():
            continue
        try:
            value = json.loads(row, object_pairs_hook=_JsonObject)
        except json.JSONDecodeError as error:
            yield SyntaxFault(line, f"not JSON: {error.msg} (column {error.colno})")
        except RecursionError:
            yield SyntaxFault(line, "not JSON: nested too deeply")
        else:
            yield _from_json(value, line)


class _JsonObject(list[tuple[str, Any]]):
    pass


def _from_json(value: Any, line: int) -> Located:
    if isinstance(value, _JsonObject):
        pairs = ((Located(k, line, "text"), _from_json(v, line)) for k, v in value)
        return Located(Pairs(pairs), line, "a mapping")
    if isinstance(value, list):
        return Located([_from_json(item, line) for item in value], line, "a list")
    return Located(value, line, _JSON_KINDS.get(type(value), "text"))


def read_csv(text: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line and cells by column for each row; raise SyntaxFault for a bad header.

    Comma, semicolon or tab: the header decides. `columns` are the names allowed.
    """
    header, _, _ = text.partition("\n")
    delimiter = max(",;\t", key=header.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().casefold() for name in next(rows, [])]
        _check_header(names, columns)
        start = rows.line_num + 1
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield start, _by_name(names, cells, start)
            start = rows.line_num + 1
    except csv.Error as error:
        raise SyntaxFault(rows.line_num, f"not CSV: {error}") from None


def _check_header(names: Sequence[str], columns: Sequence[str]) -> None:
    unknown = [name for name in names if name not in columns]
    if unknown:
        allowed = ", ".join(columns)
        raise SyntaxFault(1, f"unknown column {unknown[0]!r}; columns are {allowed}")
    if len(set(names)) < len(names):
        raise SyntaxFault(1, "a column is named twice")


def _by_name(names: Sequence[str], cells: Sequence[str], line: int) -> dict[str, str]:
    if len(cells) > len(names):
        raise SyntaxFault(line, f"{len(cells)} cells under {len(names)} columns")
    return {name: cell.strip() for name, cell in zip(names, cells, strict=False)}

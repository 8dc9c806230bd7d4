"""YAML as located values: nothing is constructed, and no alias can blow a file up."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import yaml

from workers.knowledge.records import MAX_DEPTH, Located, Pairs, SyntaxFault

_PREFIX = "tag:yaml.org,2002:"
_TEXT, _LIST, _MAPPING, _MERGE = (f"{_PREFIX}{name}" for name in ("str", "seq", "map", "merge"))
_KINDS = {
    f"{_PREFIX}bool": "a truth value",
    f"{_PREFIX}int": "a number",
    f"{_PREFIX}float": "a number",
    f"{_PREFIX}null": "empty",
    f"{_PREFIX}timestamp": "a date",
}
_TRUE = {"true", "yes", "on"}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SPARE_NODES = 100_000  # that aliases may add, besides one for each node that is written
# A comment in the usual form, set off by two spaces and followed by one, is meant as one.
_CUT = re.compile(r"(?! {2,}# |\t[ \t]*# )[ \t]+#")
_NO_BREAK = re.compile(r"[ -]*\xa0")
_AFTER_QUOTES = re.compile(r"(?::|-)\s+(?:'[^']*'|\"[^\"]*\")\s*[^\s#'\":,]")
_CUT_BELOW = re.compile(r"[ \t]*\n( *)#")


def read_yaml(text: str) -> list[Located]:
    """Return the items of a YAML list, which may stand alone under one key.

    Raises SyntaxFault if it is no list or no YAML.
    """
    try:
        survey = _survey(text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise _syntax_fault(error, text) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SyntaxFault(line, f"not YAML: {error.reason}") from None
    if node is None:
        return []
    return _items(_Reader(text, survey).read(node))


def _syntax_fault(error: yaml.MarkedYAMLError, text: str) -> SyntaxFault:
    words = ", ".join(part for part in (error.context, error.problem) if part)
    mark = error.problem_mark or error.context_mark
    if "quoted scalar" in words:  # where the quotation mark stands, not where the file ends
        mark = error.context_mark or mark
    line = _line(mark)
    written = text.split("\n")[line - 1 : line]
    hint = ""
    if isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError):
        hint = f"; {_hint(words, written[0] if written else '')}"
    return SyntaxFault(line, f"not YAML: {words}{hint}")


def _hint(words: str, written: str) -> str:
    """Return the usual cause of a fault: what the parser says of it, and the line as written."""
    if "tab character" in words:
        return "indent with spaces"
    if "quoted scalar" in words:
        return "the quotation mark here is never closed"
    if _NO_BREAK.match(written):
        return "the line is indented with a no-break space; use plain spaces"
    if _AFTER_QUOTES.search(written):
        return "text goes on after a closing quotation mark; between '…' an apostrophe is doubled"
    if "simple key" in words:
        return "a line that goes on with the text above must be indented further than its key"
    return "a text that begins with a mark or holds ': ' must be in quotes"


def _items(located: Located) -> list[Located]:
    if isinstance(located.value, Pairs) and len(located.value) == 1:
        located = located.value[0][1] if located.value[0][1].kind == "a list" else located
    if located.kind != "a list":
        raise SyntaxFault(located.line, f"a list of entries is needed, this is {located.kind}")
    return list(located.value)


@dataclass(frozen=True, slots=True)
class _Survey:
    """How many nodes and ends of nodes a file has, and the anchors, by place, that nothing uses."""

    events: int
    unused: Mapping[int, str]


def _survey(text: str) -> _Survey:
    # libyaml composes by recursion in C: a file nested deeply enough would end the process.
    depth = count = 0
    anchors: dict[str, int] = {}
    for event in yaml.parse(text, Loader=_LOADER):
        count += 1
        if isinstance(event, yaml.AliasEvent):
            anchors.pop(str(event.anchor), None)
        elif isinstance(event, yaml.NodeEvent) and event.anchor and event.start_mark:
            anchors[event.anchor] = event.start_mark.index
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise SyntaxFault(_line(event.start_mark), "not YAML: nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return _Survey(count, {place: name for name, place in anchors.items()})


def _line(mark: Any) -> int:
    return mark.line + 1 if mark else 1


class _Reader:
    """Turn composed nodes into located values; an alias is read again where it stands."""

    def __init__(self, text: str, survey: _Survey) -> None:
        self._text = text
        self._left = survey.events + _SPARE_NODES
        self._unused = survey.unused
        self._open: set[int] = set()

    def read(self, node: yaml.Node, column: float = inf) -> Located:
        """Return a node; raise SyntaxFault if aliases make it endless or far too large.

        A line below a text that begins at this column, or further right, goes on with it.
        """
        line = _line(node.start_mark)
        self._left -= 1
        if self._left < 0:
            raise SyntaxFault(line, "aliases make the file far larger than it is written")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, line, column)
        if id(node) in self._open:
            raise SyntaxFault(line, "an alias refers to the list or mapping that it stands in")
        self._open.add(id(node))
        located = self._collection(node, line)
        self._open.remove(id(node))
        return located

    def _collection(self, node: yaml.Node, line: int) -> Located:
        if node.tag == _LIST and isinstance(node, yaml.SequenceNode):
            items = [self.read(item, _column(item, node)) for item in node.value]
            return Located(items, line, "a list")
        if node.tag == _MAPPING and isinstance(node, yaml.MappingNode):
            return Located(self._pairs(node), line, "a mapping")
        return Located(None, line, f"of type {node.tag}")

    def _pairs(self, node: yaml.MappingNode) -> Pairs:
        """Return the keys that are written, then those that `<<` adds to them."""
        own = [(key, value) for key, value in node.value if key.tag != _MERGE]
        pairs = Pairs(
            (self.read(key), self.read(value, _column(key, node) + 1)) for key, value in own
        )
        known = {str(key.value) for key, _ in pairs}
        for key, value in node.value:
            if key.tag == _MERGE:
                for name, added in self._merged(self.read(value)):
                    if str(name.value) not in known:
                        known.add(str(name.value))
                        pairs.append((name, added))
        return pairs

    def _merged(self, source: Located) -> Iterable[tuple[Located, Located]]:
        parts = source.value if source.kind == "a list" else [source]
        for part in parts:
            if not isinstance(part.value, Pairs):
                raise SyntaxFault(part.line, f"<< takes a mapping, this is {part.kind}")
            yield from part.value

    def _scalar(self, node: yaml.ScalarNode, line: int, column: float) -> Located:
        kind = _KINDS.get(node.tag, "text" if node.tag == _TEXT else f"of type {node.tag}")
        value = node.value.casefold() in _TRUE if kind == "a truth value" else node.value
        return Located(value, line, kind, node.value, self._lost(node, column))

    def _lost(self, node: yaml.ScalarNode, column: float) -> str:
        anchor = self._unused.get(node.start_mark.index)
        if anchor:
            return f"the name &{anchor} before it, which nothing refers to,"
        return "what follows its #, a comment," if self._is_cut(node, column) else ""

    def _is_cut(self, node: yaml.ScalarNode, column: float) -> bool:
        if node.style:  # in quotes, or a block
            return False
        end = node.end_mark.index
        below = _CUT_BELOW.match(self._text, end)
        return bool(_CUT.match(self._text, end)) or (below is not None and len(below[1]) >= column)


def _column(node: yaml.Node, parent: yaml.CollectionNode) -> float:
    """Return where a node of a block begins; between brackets indentation says nothing."""
    return inf if parent.flow_style else float(node.start_mark.column)

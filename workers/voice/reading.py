"""Read a sentence once: its facts, what its clauses are about, and which way they point."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from workers.voice import wording
from workers.voice.conduct import VERBS
from workers.voice.facts import Fact, facts_of
from workers.voice.plain import plain
from workers.voice.spelling import in_digits

Stems = frozenset[str]

_STARTS = (
    r"(?:we|you|it|they|i|there|then|he|she|that|can|may|must|is|are|was|were|will|has|have"
    r"|costs?|takes?|comes?|holds?"
    rf"|don't|can't|not|never|no|only|{VERBS})\b"
)
_FINITE = re.compile(
    rf"\b(?:is|are|was|were|be|can|may|must|will|has|have|had|do|does|did|costs?|takes?|comes?"
    rf"|gets?|counts?|needs?|{VERBS})\b|'s\b|'re\b|n't\b|'ll\b",
    re.IGNORECASE,
)
_BREAK = r"[,:](?!\d)|[;()\"|]|\s-\s|[.!?]\s"
_CLAUSE_END = re.compile(
    rf"{_BREAK}|\s>\s|\b(?:but|and|while|whereas|if|unless|when|otherwise|because|which|so|or)\b",
    re.IGNORECASE,
)
_TURN = re.compile(
    rf"{_BREAK}|\b(?:but|while|whereas|if|when|otherwise|because|unless|so)\b"
    rf"|\band\b(?=\s+{_STARTS})",
    re.IGNORECASE,
)
_SEGMENT_END = re.compile(r";|[.!?]\s|\b(?:but|while|whereas|otherwise)\b", re.IGNORECASE)
_LEANS = re.compile(r"\W*(?:it|they|this|that|these|those|he|she|both)\b", re.IGNORECASE)
_SCOPE_END = re.compile(
    r"\b(?:is|are|was|were|will|can|may|must|has|have|but|unless|if|when|until|because|we|you"
    r"|they|he|she|it)\b|(?<=\w\s)(?:needs?|costs?|gets?)\b",
    re.IGNORECASE,
)
_IS_NO_DENIAL = re.compile(
    r"\bno\.\s*\d|\bnot\s+only\b|\bwhy\s+not\b|\bif\s+not\b|\b(?:do\s+not|don't)\s+(?:worry"
    r"|hesitate)\b|\bno\s+(?:problem|worries|matter)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:(?P<before>before|until|till|prior\s+to|by\s+the\s+time)(?!\s+0)|(?P<after>after"
    r"|once|as\s+soon\s+as|following|since|when)(?!\s+0))\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    rf"\W*(?:(?:and|or|then|please|so|but)\s+)*(?:if|when|unless|only|{VERBS})\b", re.IGNORECASE
)
_DEPENDS = re.compile(r"\W*(?:if|unless|in\s+case)\b", re.IGNORECASE)
_NARROWING = frozenset(stem for group in wording.BOUNDING for stem in group)
_SCOPE = 3  # stems that a "not" reaches


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence: what it is about, what of it is denied, whether it demands or permits.

    `asks`: it demands, tells to do, or is a condition; `depends`: it begins with "if"; `states`: it
    holds a fact.
    `leans` says that it begins with "it" or "they": what stands before is meant too.
    """

    stems: Stems
    denied: Stems
    denies: bool
    demands: bool
    asks: bool
    permits: bool
    depends: bool
    states: bool
    leans: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact stands: the words of its clause, and of the segment around that."""

    near: Stems
    broad: Stems
    denies: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence as the checks see it. `places` are those of the facts.

    `bounds` are words like "all" and "only"; `order` what stands "before" or "after" which stem.
    """

    text: str
    facts: tuple[Fact, ...]
    places: tuple[Place, ...]
    stems: Stems
    bounds: Stems
    order: frozenset[tuple[str, str]]
    clauses: tuple[Clause, ...]


def read(sentence: str) -> Reading:
    """Read a sentence that may hold Markdown."""
    text = wording.unified(in_digits(plain(sentence)))
    return read_plain(" ".join(text.split()))


def read_plain(text: str) -> Reading:
    """Read a text that is plain, in digits and unified already."""
    facts = tuple(facts_of(text))
    rest = _without(text, facts)
    return Reading(
        text=text,
        facts=facts,
        places=tuple(_place(rest, fact, facts) for fact in facts),
        stems=frozenset(wording.content_of(rest)) - _NARROWING,
        bounds=frozenset(map(wording.stem_of, wording.words_of(rest))) & _NARROWING,
        order=frozenset(_order(rest)),
        clauses=tuple(_clauses(rest)),
    )


def _without(text: str, facts: Sequence[Fact]) -> str:
    for fact in facts:
        text = text[: fact.start] + "0" * (fact.end - fact.start) + text[fact.end :]
    return text


def _place(rest: str, fact: Fact, facts: Sequence[Fact]) -> Place:
    ends = [*_clause_starts(rest), len(rest)]
    first = max(place for place, end in enumerate(ends) if end <= fact.start)
    end = min((each for each in ends if each >= fact.end), default=len(rest))
    others = [each for each in facts if each.measure != fact.measure and each.start != fact.start]
    near = _around(rest, ends[first], end, others)
    while first and not wording.content_of(rest[ends[first] : end]):
        first -= 1
    bounds = [0, *(mark.start() for mark in _SEGMENT_END.finditer(rest)), len(rest)]
    segment = max(at for at, each in enumerate(bounds) if each <= fact.start)
    if segment and _LEANS.match(rest[bounds[segment] :]):
        segment -= 1
    stop = min((each for each in bounds if each >= fact.end), default=len(rest))
    broad = _around(rest, min(bounds[segment], ends[first]), stop, others) | near
    return Place(near, broad, is_denial(rest[ends[first] : end]))


def _clause_starts(rest: str) -> list[int]:
    starts = [0]
    for mark in _CLAUSE_END.finditer(rest):
        # "Films and games for 7 days" is one clause, "a day costs £1 and a week £5" are two.
        if mark.group().lower() not in ("and", "or") or "0" in rest[starts[-1] : mark.start()]:
            starts.append(mark.end())
    return starts


def _around(rest: str, start: int, end: int, others: Sequence[Fact]) -> Stems:
    facts = {f"{each.unit} {each.value}" for each in others if start <= each.start < end}
    return (frozenset(wording.content_of(rest[start:end])) - _NARROWING) | facts


def _order(rest: str) -> Iterator[tuple[str, str]]:
    for found in _ORDER.finditer(rest):
        scope = rest[found.end() : found.end() + 60]
        end = _ORDER.search(scope)
        for stem in wording.content_of(scope[: end.start()] if end else scope)[:_SCOPE]:
            yield found.lastgroup or "", stem


def _clauses(rest: str) -> Iterator[Clause]:
    ends = [0, *(mark.start() for mark in _TURN.finditer(rest)), len(rest)]
    parts: list[str] = []
    for start, end in pairwise(ends):
        part = rest[start:end]
        # A part of a list, and what has no content of its own, belongs to what stands before it.
        if parts and (_is_fragment(part) or not wording.content_of(parts[-1])):
            parts[-1] += part
        else:
            parts.append(part)
    return map(_clause, filter(wording.content_of, parts))


def _is_fragment(part: str) -> bool:
    return not wording.content_of(part) or (part[0] in ',:(-"' and not _FINITE.search(part))


def _clause(part: str) -> Clause:
    return Clause(
        stems=frozenset(wording.content_of(part)) - _NARROWING,
        denied=frozenset(_denied(part)) - _NARROWING,
        denies=is_denial(part),
        demands=bool(wording.MUST.search(part)),
        asks=bool(wording.MUST.search(part) or _ASKS.match(part)),
        permits=bool(wording.MAY.search(part)),
        depends=bool(_DEPENDS.match(part)),
        states="0" in part,
        leans=bool(_LEANS.match(part.lstrip(",;:.!?()- "))),
    )


def _denied(part: str) -> Iterator[str]:
    text = _IS_NO_DENIAL.sub(" ", part)
    for found in wording.NEGATIVE.finditer(text):
        rest = text[found.end() :]
        if not wording.content_of(rest):
            yield from wording.content_of(text[: found.start()])[-1:]
        stop = None if found.group().lower() == "unless" else _SCOPE_END.search(rest)
        yield from wording.content_of(rest[: stop.start()] if stop else rest)[:_SCOPE]


def is_denial(text: str) -> bool:
    """Tell whether a text denies something."""
    return wording.NEGATIVE.search(_IS_NO_DENIAL.sub(" ", text)) is not None

"""Read a sentence once: its facts, what its clauses are about, and which way they point."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.voice import wording
from workers.voice.facts import Fact, facts_of
from workers.voice.plain import plain
from workers.voice.spelling import in_digits

Stems = frozenset[str]

_CLAUSE_END = re.compile(
    r"[,:](?!\d)|[;()\"|]|\s-\s|\s>\s|[.!?]\s|\b(?:but|and|while|whereas|if|unless|when|otherwise|because|which|so|or)\b",
    re.IGNORECASE,
)
_TURN = re.compile(
    r"[,:](?!\d)|[;()\"]|\s-\s|[.!?]\s|\b(?:but|while|whereas|if|when|otherwise|because|and)\b",
    re.IGNORECASE,
)
_IS_NO_DENIAL = re.compile(
    r"\bno\.\s*\d|\bnot\s+only\b|\bwhy\s+not\b|\bif\s+not\b|\b(?:do\s+not|don't)\s+(?:worry|hesitate)\b|\bno\s+(?:problem|worries|matter)\b",
    re.IGNORECASE,
)
_NARROWING = frozenset(stem for group in wording.BOUNDING for stem in group)


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence: what it is about, and whether it denies, demands or permits."""

    stems: Stems
    denies: bool
    demands: bool
    permits: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence as the checks see it. `near` holds what stands in the clause of each fact."""

    text: str
    facts: tuple[Fact, ...]
    near: tuple[Stems, ...]
    stems: Stems
    bounds: Stems
    clauses: tuple[Clause, ...]


def read(sentence: str) -> Reading:
    """Read a sentence that may hold Markdown."""
    text = wording.unified(in_digits(plain(sentence)))
    return read_plain(" ".join(text.split()))


def read_plain(text: str) -> Reading:
    """Read a text that is plain, in digits and unified already."""
    facts = tuple(facts_of(text))
    rest = _without(text, facts)
    words = wording.content_of(rest)
    return Reading(
        text=text,
        facts=facts,
        near=tuple(_near(rest, fact, facts) for fact in facts),
        stems=frozenset(words) - _NARROWING,
        bounds=frozenset(map(wording.stem_of, wording.words_of(rest))) & _NARROWING,
        clauses=tuple(_clauses(rest)),
    )


def _without(text: str, facts: Sequence[Fact]) -> str:
    for fact in facts:
        text = text[: fact.start] + "0" * (fact.end - fact.start) + text[fact.end :]
    return text


def _near(rest: str, fact: Fact, facts: Sequence[Fact]) -> Stems:
    ends = [0, *(mark.end() for mark in _CLAUSE_END.finditer(rest)), len(rest)]
    start = max(end for end in ends if end <= fact.start)
    end = min((each for each in ends if each >= fact.end), default=len(rest))
    days = {
        f"day {other.value}"
        for other in facts
        if other.unit == "weekday" and start <= other.start < end
    }
    return frozenset(wording.content_of(rest[start:end])) | (
        days if fact.unit != "weekday" else set()
    )


def _clauses(rest: str) -> Iterator[Clause]:
    ends = [0, *(mark.end() for mark in _TURN.finditer(rest)), len(rest)]
    for start, end in zip(ends, ends[1:], strict=False):
        part = rest[start:end]
        stems = frozenset(wording.content_of(part)) - _NARROWING
        if stems:
            yield Clause(
                stems,
                is_denial(part),
                bool(wording.MUST.search(part)),
                bool(wording.MAY.search(part)),
            )


def is_denial(text: str) -> bool:
    """Tell whether a text denies something: a word that denies two ways is no denial."""
    return wording.NEGATIVE.search(_IS_NO_DENIAL.sub(" ", text)) is not None

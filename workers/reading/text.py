"""Spans, folded text and sentences: what every reader of a message begins with."""

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_CHARACTERS = 4096  # of a message that are looked at; bounds the cost of a flood

_FOLDED = 512  # texts: each reader of a message folds it again, those after the engine too
_CURLY = str.maketrans("’‘`´", "''''")
_BOUNDARY = re.compile(r"[.!?…]+[\"')\]]{0,3}(?=\s)|[;\n]+|\s[•*–—-](?=\s)")
_ABBREVIATION = re.compile(
    r"(?:^|\s)(?:mr|mrs|ms|dr|st|no|nr|vs|approx|e\.g|i\.e|eg|ie|prof|inc|ltd|co|ext|tel|jr|sr)\Z",
    re.IGNORECASE,
)
_LONGEST_ABBREVIATION = 8


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text, by the indices of its characters."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the part itself."""
        return text[self.start : self.end]


@lru_cache(maxsize=_FOLDED)
def fold(text: str) -> str:
    """Return `text` in lower case with straight apostrophes, each character in its place."""
    lowered = text.lower().translate(_CURLY)
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def trimmed(text: str, start: int, end: int) -> Span:
    """Return a span without the spaces and the loose marks at its ends."""
    part = text[start:end]
    start += len(part) - len(part.lstrip(" \t\r\n,;:.!…-–—•*"))
    end -= len(part) - len(part.rstrip(" \t\r\n,;:-–—•*"))
    return Span(start, max(start, end))


def sentences(text: str) -> list[Span]:
    """Return the sentences of a text in order, without those that have no letter or digit."""
    starts, ends = [0], []
    for found in _BOUNDARY.finditer(text):
        if not _is_abbreviation(text, found):
            ends.append(found.end())
            starts.append(found.end())
    spans = (
        trimmed(text, start, end) for start, end in zip(starts, [*ends, len(text)], strict=True)
    )
    return [span for span in spans if any(map(str.isalnum, span.of(text)))]


def _is_abbreviation(text: str, mark: re.Match[str]) -> bool:
    if mark.group() != ".":
        return False
    before = text[max(0, mark.start() - _LONGEST_ABBREVIATION) : mark.start()]
    return _ABBREVIATION.search(before) is not None

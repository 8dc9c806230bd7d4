"""Whether a sentence that follows a source's word for word has another word where one counts."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from workers.voice.evidence import Evidence, Statement
from workers.voice.reading import Reading, Stems, is_denial
from workers.voice.tokens import AND, NOT, OR, PERSONS, Tokens, is_weighty, tokens_of
from workers.voice.wording import MAY

_FIRMLY = re.compile(
    r"\bwill\b|'ll\b|\bgets?\b|\breceives?\b|\bmust\b|\brequired\b|\b(?:have|has|need)\s+to\b",
    re.IGNORECASE,
)
_WIDENING = frozenset(
    f"<{sense}>"
    for sense in "more less outside off down last against between short always even most".split()
)
_ANCHOR = 4  # words that agree around a gap, so that what fills it is a change
_LONGEST_GAP = 3  # words, on either side
_MOST_COMPARED = 4  # statements: those that share most words with a sentence


@dataclass(frozen=True, slots=True)
class Change:
    """What a sentence says between `anchor` words, and what a statement has there.

    `is_edge`: the words agree on one side only.
    """

    at: int
    said: tuple[str, ...]
    stated: tuple[str, ...]
    anchor: int
    is_edge: bool


@dataclass(frozen=True, slots=True)
class _Manner:
    denies: bool
    permits: bool


class Alignment:
    """Compares sentences with statements, word by word."""

    def __init__(self, evidence: Evidence) -> None:
        self._stated = [_Stated(each, tokens_of(each.reading)) for each in evidence.statements]

        titles = (tokens_of(each) for each in evidence.titles)
        named = [*titles, *(each.tokens for each in self._stated)]
        self._senses = frozenset().union(*(each.words for each in named))

    def is_quoted(self, reading: Reading) -> bool:
        """Tell whether it is a statement of the sources, word for word."""
        text = reading.text.casefold().rstrip(" .")
        return any(
            text == each.statement.reading.text.casefold().rstrip(" .") for each in self._stated
        )

    def is_altered(self, reading: Reading, light: Stems) -> bool:
        """Tell whether it has another word somewhere; those that are `light` count nothing."""
        said = tokens_of(reading)
        if not _WIDENING & frozenset(said.words) <= self._senses:
            return True
        manner = _Manner(is_denial(reading.text), MAY.search(reading.text) is not None)
        best: dict[int, tuple[int, bool]] = {}
        for stated in self._nearest(said):
            for change in _changes(said, stated.tokens):
                matters = stated.is_changed(change, said, light, manner)
                anchor, before = best.get(change.at, (0, True))
                if change.anchor >= anchor:
                    matters = matters and (before or change.anchor > anchor)
                    best[change.at] = change.anchor, matters
        return any(matters for _, matters in best.values())

    def is_one_of_several(self, reading: Reading) -> bool:
        """Tell whether it promises or demands one thing where statements name it with an "or"."""
        if not _FIRMLY.search(reading.text) or MAY.search(reading.text):
            return False
        said = frozenset(tokens_of(reading).words)
        if OR in said:
            return False
        holding = [each.tokens for each in self._stated if said & each.tokens.alternatives]
        optional = frozenset().union(*(said & each.alternatives for each in holding))
        return any(
            all(
                word in each.tokens.alternatives or word not in each.tokens.words
                for each in self._stated
            )
            for word in optional
        )

    def _nearest(self, said: Tokens) -> list["_Stated"]:
        words = Counter(said.words)
        return sorted(self._stated, key=lambda each: -(words & Counter(each.tokens.words)).total())[
            :_MOST_COMPARED
        ]


@dataclass(frozen=True, slots=True)
class _Stated:
    statement: Statement
    tokens: Tokens

    def is_changed(self, change: Change, said: Tokens, light: Stems, manner: "_Manner") -> bool:
        """Tell whether what a sentence has in place of some words says something else."""
        come = [each for each in change.said if each not in change.stated and each not in light]
        gone = [each for each in change.stated if each not in change.said]
        pair = {*come, *gone}
        if pair >= PERSONS and len(pair) == len(PERSONS):
            return True
        if pair >= {AND, OR} and not (manner.denies or (manner.permits and OR in come)):
            return True
        come, gone = [[w for w in each if w not in PERSONS | {AND, OR}] for each in (come, gone)]
        extra = Counter(said.words) - Counter(self.tokens.words)
        lost = Counter(self.tokens.words) - Counter(said.words)
        if any(
            is_weighty(each) and extra[each] and (each != "<all>" or not manner.denies)
            for each in come
        ):
            return True
        if any(is_weighty(each) and lost[each] and each != "<all>" for each in gone):
            return True
        new = [each for each in come if extra[each] and each not in self.statement.context]
        if change.is_edge:
            return bool(new and gone)
        return bool(new) or bool(come and gone)


def _changes(said: Tokens, stated: Tokens) -> Iterator[Change]:
    anchor = min(_ANCHOR, max(2, len(said.words) - 2))
    matcher = SequenceMatcher(None, said.words, stated.words, autojunk=False)
    for one, other in pairwise([(0, 0, 0), *matcher.get_matching_blocks()]):
        start, stop = one[0] + one[2], other[0]
        here, there = said.words[start:stop], stated.words[one[1] + one[2] : other[1]]
        if one[2] == 0:
            here = here[-1:]
            there = there[-1:] if other[1] not in stated.breaks else ()
            if not (here or there[:1] == (NOT,)):
                continue
        if other[2] == 0:
            here, there = here[:1], there[:1]
            if other[0] == start or not here:
                continue
        if one[2] + other[2] < anchor or not (here or there):
            continue
        if max(len(here), len(there)) <= _LONGEST_GAP:
            yield Change(start, here, there, one[2] + other[2], not (one[2] and other[2]))

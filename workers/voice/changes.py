"""Where a sentence follows a statement word for word, and what it has in place of its words."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from workers.voice.tokens import NOT, Tokens

_ANCHOR = (
    4  # words that agree around a gap, so that what fills it is a change; fewer if it is short
)
_LEAST_ANCHOR = 2
_LONGEST_GAP = 3  # words, on either side

_Block = tuple[int, int, int]
_Gap = tuple[tuple[str, ...], tuple[str, ...]]


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

    @property
    def is_weak(self) -> bool:
        """Return whether so few words agree that only the weightiest words are a change."""
        return self.is_edge and self.anchor < _ANCHOR


def changes_of(said: Tokens, stated: Tokens) -> Iterator[Change]:
    """Yield the changes of a sentence against a statement, in order."""
    least = min(_ANCHOR, max(_LEAST_ANCHOR, len(said.words) - _LEAST_ANCHOR))
    matcher = SequenceMatcher(None, said.words, stated.words, autojunk=False)
    for one, other in pairwise([(0, 0, 0), *matcher.get_matching_blocks()]):
        here, there = _gap(said, stated, one, other)
        anchor = one[2] + other[2]
        if (here or there) and anchor >= least and max(len(here), len(there)) <= _LONGEST_GAP:
            yield Change(one[0] + one[2], here, there, anchor, not (one[2] and other[2]))


def _gap(said: Tokens, stated: Tokens, one: _Block, other: _Block) -> _Gap:
    """Return what stands between two blocks; at an edge, the word beside the block alone."""
    here = said.words[one[0] + one[2] : other[0]]
    there = stated.words[one[1] + one[2] : other[1]]
    if one[2] == 0:
        # A sentence may begin anywhere in a statement, but not behind its "not".
        here = here[-1:]
        there = there[-1:] if other[1] not in stated.breaks else ()
        return (here, there) if here or there == (NOT,) else ((), ())
    if other[2] == 0:
        return (here[:1], there[:1]) if here else ((), ())
    return here, there

"""Can the encoder read a message at all? If not, a fallback that says so is the honest answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal, TypeAlias

from workers.reading.languages import in_other_script, is_foreign
from workers.reading.lexicon import words
from workers.reading.text import MAX_CHARACTERS, fold

IllegibleReason: TypeAlias = Literal["empty", "script", "language", "gibberish", "number"]

FOREIGN: frozenset[IllegibleReason] = frozenset({"language", "script"})
FOR_A_PERSON: frozenset[IllegibleReason] = FOREIGN | {"number"}  # who can do more with it
UNKNOWN = "[UNK]"
_MAX_SHARE = 0.5  # of unknown pieces
_MASHED_SHARE = 0.6  # of a message's letters in words that nobody writes
_MIN_PIECE = 1.6  # letters a piece; English has four, mashed keys one
_MIN_LETTERS = 6
_MIN_MASHED = 5
_RUN = 4  # neighbouring keys
_WORDS = 2048  # chat repeats words far more than messages

_VOWELLESS = re.compile(r"[^aeiouyàáâäãåèéêëìíîïòóôöõùúûü\d']+")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{7}")
_ROWS = "qwertyuiop asdfghjkl zxcvbnm poiuytrewq lkjhgfdsa mnbvcxz"
_STUTTER = re.compile(r"([a-z]{2,3})\1{2,}")
_LAUGHTER = re.compile(r"(?:(?:ha|he|hi|ah|eh|lo|no|so|na|la|ya)+[hlo]?|blah(?:blah)*)\Z")


@dataclass(frozen=True, slots=True)
class Legibility:
    """Whether a message can be read, or the reason why not."""

    readable: bool
    reason: IllegibleReason | None = None


_READABLE = Legibility(readable=True)


def judge_legibility(text: str, pieces: Sequence[str] = ()) -> Legibility:
    """Judge a message, and its `pieces` of the vocabulary if there are any ("##x" continues).

    Unreadable: no letter or digit ("empty"), another script, another language by its commonest
    words, or keys hit at random ("gibberish"). A bare number ("number") is told by another reader.
    """
    reason = _reason(text[:MAX_CHARACTERS], pieces)
    return _READABLE if reason is None else Legibility(readable=False, reason=reason)


def _reason(text: str, pieces: Sequence[str]) -> IllegibleReason | None:
    folded = fold(text)
    if in_other_script(folded):
        return "script"
    spoken = words(folded)
    if not spoken:
        return "empty"
    if is_foreign(text, spoken):
        return "language"
    return "gibberish" if _is_mashed(spoken) or _is_shattered(pieces) else None


def _is_mashed(spoken: Sequence[str]) -> bool:
    mashed = sum(len(word) for word in spoken if len(word) >= _MIN_MASHED and _is_mash(word))
    if not mashed:
        return False
    return mashed >= _MASHED_SHARE * sum(len(word) for word in spoken if not word.isdecimal())


@lru_cache(maxsize=_WORDS)
def _is_mash(word: str) -> bool:
    if _LAUGHTER.match(word) or not word.isalpha():
        return False
    return (
        _VOWELLESS.fullmatch(word) is not None
        or _CONSONANTS.search(word) is not None
        or _STUTTER.fullmatch(word) is not None
        or _is_run(word)
    )


def _is_run(word: str) -> bool:
    """Tell whether more than half of a word's letters follow each other on the keyboard."""
    near = sum(one + other in _ROWS for one, other in pairwise(word))
    return near >= _RUN and near * 3 >= 2 * (len(word) - 1)


def _is_shattered(pieces: Sequence[str]) -> bool:
    if not pieces:
        return False
    if sum(piece == UNKNOWN for piece in pieces) > _MAX_SHARE * len(pieces):
        return True
    bare = [piece.removeprefix("##") for piece in pieces if piece.removeprefix("##").isalpha()]
    letters = sum(map(len, bare))
    continued = sum(piece.startswith("##") for piece in pieces)
    return (
        letters >= _MIN_LETTERS and len(bare) <= 2 * continued and letters < _MIN_PIECE * len(bare)
    )

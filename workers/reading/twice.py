"""Readings that a message needs twice, before the engine runs and after it: read once.

The texts are mostly the same; where pleasantries were stripped from one of them, it is read again.
"""

from functools import lru_cache

from workers.reading.negation import Negation, read_negation
from workers.reading.recall import Recall, read_recall
from workers.reading.spelling import spell_out

_MESSAGES = 512  # more than are leased, on their way through the engine and completed at a time


@lru_cache(maxsize=_MESSAGES)
def spelling_of(text: str) -> str:
    """Return what `spell_out` does."""
    return spell_out(text)


@lru_cache(maxsize=_MESSAGES)
def negation_of(text: str) -> Negation | None:
    """Return what `read_negation` does."""
    return read_negation(text)


@lru_cache(maxsize=_MESSAGES)
def recall_of(text: str) -> Recall | None:
    """Return what `read_recall` does."""
    return read_recall(text)

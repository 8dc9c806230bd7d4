"""Find the earlier message that a person means."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.dialogue.state import unpack_vectors
from workers.memory.memory import MemoryRecord
from workers.reading.lexicon import content_words, stem, words
from workers.reading.question_forms import ASKS_BY_ORDER
from workers.reading.text import fold

# Chosen on the development cases: docs/experiments/memory.md.
RECALLED_FROM = 0.4  # a score below this is none of what was meant
POSSIBLE_FROM = 0.55  # the same, where the message may ask for something else
_WORDS_WEIGHT = 0.1  # of the share of the request's words that a record holds
_QUESTION_PENALTY = 0.2  # what one said is rarely what one asked
_FIRST_PERSON_BONUS = 0.05
_LENGTH_WEIGHT = 0.05  # of the logarithm of the words: "good morning" tells nothing
_CROWD_WEIGHT = 0.4  # of the mean cosine to all records: what is near to all is near to anything
_LOOKED_AT = 64  # the nearest, whose words are read
_FIRST_PERSON = re.compile(r"\b(?:i|my|me|mine|we|our|us)\b")
# They name what is sought, and stand rarely beside it: "which colour" finds "in moss green".
_SOUGHT = frozenset(
    stem(word)
    for word in words(
        """
    city colour complaint date day event many member person piece place point problem reason sort
    time town trouble type
    """
    )
)


@dataclass(frozen=True, slots=True)
class Recalled:
    """A record that may be meant, and how well it fits; a cosine in the main."""

    record: MemoryRecord
    score: float


def search(
    records: Sequence[MemoryRecord], topic: str, vectors: NDArray[np.float32]
) -> list[Recalled]:
    """Rank the records near to what is asked for by how well they fit it, best first.

    `vectors` [readings, dimension] are those of the request's readings; their mean cosine counts.
    """
    records = [each for each in records if len(each.vector) == vectors.shape[1]]
    if not records:
        return []
    stored = unpack_vectors([record.vector for record in records])
    crowd = stored @ stored.mean(axis=0)
    near = (stored @ vectors.T).mean(axis=1) - _CROWD_WEIGHT * (crowd - crowd.mean())
    looked_at = np.argsort(-near, kind="stable")[:_LOOKED_AT].tolist()
    told = _told([records[n].text for n in looked_at], topic)
    found = [(float(near[n]) + part, n) for n, part in zip(looked_at, told, strict=True)]
    return [Recalled(records[n], score) for score, n in sorted(found, reverse=True)]


def _told(texts: Sequence[str], topic: str) -> list[float]:
    """Return what the words of each text add to its score."""
    wanted = _stems(topic) - _SOUGHT
    lengths = np.log1p([len(words(text)) for text in texts])
    prior = _LENGTH_WEIGHT * (lengths - lengths.mean())
    return [_fit(text, wanted) + part for text, part in zip(texts, prior.tolist(), strict=True)]


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in content_words(fold(text)))


def _fit(text: str, wanted: frozenset[str]) -> float:
    folded = fold(text)
    shared = len(wanted & _stems(text)) / len(wanted) if wanted else 0.0
    asks = folded.rstrip().endswith("?") or ASKS_BY_ORDER.match(folded) is not None
    first_person = _FIRST_PERSON.search(folded) is not None
    return _WORDS_WEIGHT * shared - _QUESTION_PENALTY * asks + _FIRST_PERSON_BONUS * first_person

"""Find the earlier message that a person means."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.dialogue.state import unpack_vectors
from workers.memory.memory import MemoryRecord
from workers.reading.lexicon import content_words, stem
from workers.reading.questions import is_question
from workers.reading.text import fold

# Chosen on the development cases: docs/experiments/memory.md.
RECALLED_FROM = 0.3  # a score below this is none of what was meant
_WORDS_WEIGHT = 0.15  # of the share of the request's words that a record holds
_QUESTION_PENALTY = 0.2  # what one said is rarely what one asked
_FIRST_PERSON_BONUS = 0.05
_FIRST_PERSON = re.compile(r"\b(?:i|my|me|mine|we|our|us)\b")


@dataclass(frozen=True, slots=True)
class Recalled:
    """A record that may be meant, and how well it fits; a cosine in the main."""

    record: MemoryRecord
    score: float


def search(
    records: Sequence[MemoryRecord], topic: str, vectors: NDArray[np.float32]
) -> list[Recalled]:
    """Rank records by how well they fit what is asked for, best first.

    `vectors` [readings, dimension] are those of the request's readings; their mean cosine counts.
    """
    if not records:
        return []
    cosines = (unpack_vectors([record.vector for record in records]) @ vectors.T).mean(axis=1)
    scores = [
        float(cosine) + _bonus(record.text, topic)
        for record, cosine in zip(records, cosines, strict=True)
    ]
    order = sorted(range(len(records)), key=lambda n: (-scores[n], -n))  # the later one if equal
    return [Recalled(records[n], scores[n]) for n in order]


def _bonus(text: str, topic: str) -> float:
    folded = fold(text)
    wanted = {stem(word) for word in content_words(fold(topic))}
    held = {stem(word) for word in content_words(folded)}
    shared = len(wanted & held) / len(wanted) if wanted else 0.0
    first_person = _FIRST_PERSON.search(folded) is not None
    return (
        _WORDS_WEIGHT * shared
        - _QUESTION_PENALTY * is_question(text)
        + _FIRST_PERSON_BONUS * first_person
    )

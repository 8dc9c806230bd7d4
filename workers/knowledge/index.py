"""Rank entries for a batch of messages by one matrix product."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.knowledge.base import Entry

Vectors = NDArray[np.float32]
Places = NDArray[np.intp]

_ANSWER_SHARE = 0.3  # of an entry's prototype: the answer's words help where phrasings are few
_NEAREST_WEIGHT = 4.5
_PROTOTYPE_WEIGHT = 18.0


@dataclass(frozen=True, slots=True)
class Scores:
    """For each message [rows, entries]: the ranking score, and its nearest wording's cosine."""

    ranking: Vectors
    nearest: Vectors


class Index:
    """Wordings and prototypes of all entries in one matrix; immutable."""

    def __init__(self, entries: tuple[Entry, ...], wordings: Vectors, answers: Vectors) -> None:
        counts = np.array([len(entry.wordings) for entry in entries], np.intp)
        self.entries = entries
        self.owners = np.repeat(np.arange(len(entries)), counts)
        self._starts = np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.intp)
        self.wordings = wordings
        self.answers = answers
        sums = np.add.reduceat(wordings, self._starts, axis=0)
        means = (sums / counts[:, None]).astype(np.float32)
        self._matrix = np.ascontiguousarray(np.vstack([wordings, prototypes(means, answers)]).T)

    def score(self, vectors: Vectors) -> Scores:
        """Score every entry for vectors [rows, dimension] of length 1."""
        return self.scores_of(vectors @ self._matrix)

    def scores_of(self, products: Vectors) -> Scores:
        """Score from the products with all wordings, then all prototypes."""
        count = len(self.wordings)
        nearest = np.maximum.reduceat(products[:, :count], self._starts, axis=1)
        ranking = _NEAREST_WEIGHT * nearest + _PROTOTYPE_WEIGHT * products[:, count:]
        return Scores(ranking.astype(np.float32), nearest.astype(np.float32))


def prototypes(means: Vectors, answers: Vectors) -> Vectors:
    """Return one direction an entry: the mean of its wordings, leaning to its answer."""
    leaning = means + _ANSWER_SHARE * answers
    return np.asarray(leaning / np.linalg.norm(leaning, axis=-1, keepdims=True), np.float32)

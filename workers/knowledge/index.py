"""Rank entries for a batch of messages by one matrix product."""

from dataclasses import dataclass

import numpy as np

from workers.knowledge.head import Places, Vectors

_NEAREST_WEIGHT = 3.0
NOTHING_NEAR = -1.0


@dataclass(frozen=True, slots=True)
class Scores:
    """For each message [rows, entries]: the ranking score, and its nearest wording's cosine."""

    ranking: Vectors
    nearest: Vectors

    def without(self, owners: Places) -> "Scores":
        """Return the scores that remain when each row's own entry is taken out of the base."""
        ranking, nearest = self.ranking.copy(), self.nearest.copy()
        rows = np.arange(len(owners))
        ranking[rows, owners] = -1e9
        nearest[rows, owners] = NOTHING_NEAR
        return Scores(ranking, nearest)


class Index:
    """The wordings of all entries, in their order, and the head, in one matrix."""

    def __init__(self, wordings: Vectors, owners: Places, head: Vectors) -> None:
        self._wordings = len(wordings)
        counts = np.bincount(owners, minlength=len(head))
        self._starts = np.minimum(np.cumsum(counts) - counts, len(wordings) - 1)
        self._wordless = counts == 0
        self._matrix = np.ascontiguousarray(np.vstack([wordings, head]).T, np.float32)

    def score(self, vectors: Vectors) -> Scores:
        """Score every entry for vectors [rows, dimension] of length 1."""
        products = vectors @ self._matrix
        nearest = np.maximum.reduceat(products[:, : self._wordings], self._starts, axis=1)
        nearest[:, self._wordless] = NOTHING_NEAR
        ranking = products[:, self._wordings :] + _NEAREST_WEIGHT * nearest
        return Scores(ranking.astype(np.float32), nearest)

"""Rank entries for a batch of messages: one matrix product, then the best few's phrasings.

Only the head meets every entry; a product with every phrasing would cost five times as much on the
demo base and grow with each phrasing that a team adds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from workers.knowledge.head import Indices, Vectors

CANDIDATES = 5
NOTHING_NEAR = -1.0
_NEAREST_WEIGHT = 3.0  # of a cosine, in logits of the head: docs/experiments/retrieval.md
_OUT = np.float32(-1e9)


@dataclass(frozen=True, slots=True)
class Scores:
    """For each message its best entries, best first: [rows, candidates] but for `share`.

    `entries` are indices of entries, `ranking` their scores, `nearest` the cosines of their nearest
    phrasings; `share` [rows] is the best one's part of a softmax over all entries.
    """

    entries: Indices
    ranking: Vectors
    nearest: Vectors
    share: Vectors

    @classmethod
    def joined(cls, parts: Sequence["Scores"]) -> "Scores":
        """Return the rows of all parts, one part after the other."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class Index:
    """The head and the phrasings of a base. `entry_index` [phrasings] must not decrease."""

    def __init__(self, phrasings: Vectors, entry_index: Indices, head: Vectors) -> None:
        ends = np.cumsum(np.bincount(entry_index, minlength=len(head)))
        self._ends: list[int] = ends.tolist()
        self._starts: list[int] = [0, *self._ends[:-1]]
        self._max_phrasings = int(np.diff(ends, prepend=0).max())
        self._phrasings = np.ascontiguousarray(phrasings, np.float32)
        self._head = np.ascontiguousarray(head.T, np.float32)

    def score(
        self, vectors: Vectors, _texts: Sequence[str] = (), without: Indices | None = None
    ) -> Scores:
        """Score vectors [rows, dimension] of length 1.

        `without` [rows] names an entry for each row that is to be taken as not in the base.
        """
        head = vectors @ self._head
        if without is not None:
            head[np.arange(len(head)), without] = _OUT
        entries = _best(head, min(CANDIDATES, head.shape[1]))
        nearest = self._nearest(vectors, entries)
        ranking = np.take_along_axis(head, entries, axis=1) + _NEAREST_WEIGHT * nearest
        order = np.argsort(-ranking, axis=1, kind="stable")
        sorted_ranking = np.take_along_axis(ranking, order, axis=1)
        return Scores(
            np.take_along_axis(entries, order, axis=1),
            sorted_ranking,
            np.take_along_axis(nearest, order, axis=1),
            _share(head, entries, nearest, sorted_ranking),
        )

    def _nearest(self, vectors: Vectors, entries: Indices) -> Vectors:
        products = np.empty(entries.size * (self._max_phrasings + 1), np.float32)
        offsets: list[int] = []
        end = 0
        for vector, row in zip(vectors, entries.tolist(), strict=True):
            for entry in row:
                start, first, last = end, self._starts[entry], self._ends[entry]
                end = start + max(1, last - first)
                offsets.append(start)
                if first == last:
                    products[start] = NOTHING_NEAR
                else:
                    np.dot(self._phrasings[first:last], vector, out=products[start:end])
        nearest: NDArray[np.float32] = np.maximum.reduceat(products[:end], offsets)
        return nearest.reshape(entries.shape)


def _best(head: Vectors, count: int) -> Indices:
    chosen = np.argpartition(-head, count - 1, axis=1)[:, :count]
    return np.sort(chosen, axis=1)  # in the base's order, so that ties fall the same way


def _share(head: Vectors, entries: Indices, nearest: Vectors, ranking: Vectors) -> Vectors:
    # An entry that is no candidate counts as near as the farthest candidate.
    others = head + _NEAREST_WEIGHT * nearest.min(axis=1, keepdims=True)
    np.put_along_axis(others, entries, _OUT, axis=1)
    top = ranking[:, :1]
    total = np.exp(ranking - top).sum(axis=1) + np.exp(others - top).sum(axis=1)
    return np.asarray(1.0 / total, np.float32)

"""Rank entries for a batch of messages: by vectors and words first, then the best few's phrasings.

Only one direction an entry meets every message; a product with every phrasing would cost ten times
as much on the demo base and grow with each phrasing that a team adds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from workers.knowledge.head import Indices, Vectors
from workers.knowledge.lexical import Lexicon

CANDIDATES = 5
NOTHING_NEAR = -1.0
# In logits, fitted to many bases at once: docs/experiments/retrieval.md.
_HEAD_WEIGHT = 0.85
_ANSWER_WEIGHT = 4.0
_LEXICAL_WEIGHT = 2.7
_NEAREST_WEIGHT = 5.0
_COMPARED = 12  # entries whose phrasings are compared
_SURVEYED = 1_000  # phrasings whose surroundings are measured
_OUT = np.float32(-1e9)


@dataclass(frozen=True, slots=True)
class Scores:
    """For each message its best entries, best first, and how far the best one can be trusted.

    [rows, candidates]: `entries` are indices of entries, `ranking` their scores in logits,
    `nearest` the cosines of their nearest phrasings.
    [rows], of the best entry: `share`, its part of a softmax over all entries; `mean`, the cosine
    of its phrasings' mean; `lexical`, the part of the message's words that it holds; `phrasings`,
    how many it has. `words` are the message's. `crowding` and `background` are the base's, see
    `Surroundings`.
    """

    entries: Indices
    ranking: Vectors
    nearest: Vectors
    share: Vectors
    mean: Vectors
    lexical: Vectors
    phrasings: Vectors
    words: Vectors
    crowding: Vectors
    background: Vectors

    @classmethod
    def joined(cls, parts: Sequence["Scores"]) -> "Scores":
        """Return the rows of all parts, one part after the other."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def rows(self, chosen: NDArray[np.bool_]) -> "Scores":
        """Return the rows that are marked."""
        return Scores(*(getattr(self, field.name)[chosen] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How near things lie in a base, as cosines: a nearness means less where all is near.

    `crowding`: of a phrasing to the nearest phrasing of another entry, on average; `background`:
    of questions out of scope to their nearest phrasing, on average.
    """

    crowding: float
    background: float


class Index:
    """What a base knows of its entries. `entry_index` [phrasings] must not decrease.

    `head` and `answers` are [entries, dimension]; `out_of_scope` [rows, dimension] are questions
    that no help centre answers.
    """

    def __init__(
        self,
        phrasings: Vectors,
        entry_index: Indices,
        head: Vectors,
        answers: Vectors,
        lexicon: Lexicon,
        out_of_scope: Vectors,
    ) -> None:
        self._counts = np.bincount(entry_index, minlength=len(head)).astype(np.float32)
        ends = np.cumsum(self._counts).astype(int)[:-1]
        whole = np.ascontiguousarray(phrasings, np.float32)
        self._phrasings = [part.T for part in np.split(whole, ends)]  # [dimension, its phrasings]
        directions = _HEAD_WEIGHT * head + _ANSWER_WEIGHT * answers
        self._directions = np.ascontiguousarray(directions.T, np.float32)
        self._means = means(phrasings, entry_index, len(head))
        self._lexicon = lexicon
        self._surroundings = survey(phrasings, entry_index, out_of_scope)

    def score(
        self, vectors: Vectors, texts: Sequence[str], without: Indices | None = None
    ) -> Scores:
        """Score vectors [rows, dimension] of length 1 and the texts that they stand for.

        `without` [rows] names an entry for each row that is to be taken as not in the base.
        """
        lexical = self._lexicon.score(texts)
        coarse = vectors @ self._directions + _LEXICAL_WEIGHT * lexical.shares
        if without is not None:
            coarse[np.arange(len(coarse)), without] = _OUT
        entries = _best(coarse, min(_COMPARED, coarse.shape[1]))
        nearest = self._nearest(vectors, entries)
        ranking = np.take_along_axis(coarse, entries, axis=1) + _NEAREST_WEIGHT * nearest
        order = np.argsort(-ranking, axis=1, kind="stable")[:, :CANDIDATES]
        best = np.take_along_axis(entries, order, axis=1)
        return Scores(
            entries=best,
            ranking=np.take_along_axis(ranking, order, axis=1),
            nearest=np.take_along_axis(nearest, order, axis=1),
            share=_share(coarse, entries, nearest, ranking),
            mean=np.einsum("rd,rd->r", vectors, self._means[best[:, 0]]),
            lexical=lexical.shares[np.arange(len(best)), best[:, 0]],
            phrasings=self._counts[best[:, 0]],
            words=lexical.words,
            crowding=np.full(len(best), self._surroundings.crowding, np.float32),
            background=np.full(len(best), self._surroundings.background, np.float32),
        )

    def _nearest(self, vectors: Vectors, entries: Indices) -> Vectors:
        """Compare each entry once, with all messages that it may serve."""
        by_entry = np.argsort(entries, axis=None, kind="stable")
        served = entries.ravel()[by_entry]
        chosen, starts = np.unique(served, return_index=True)
        ends = [*starts[1:].tolist(), entries.size]
        asking = vectors[by_entry // entries.shape[1]]
        cosines = [
            (asking[start:end] @ self._phrasings[entry]).ravel()
            for entry, start, end in zip(chosen.tolist(), starts.tolist(), ends, strict=True)
        ]
        highest = _highest(np.concatenate(cosines), self._counts[served])
        nearest = np.empty_like(highest)
        nearest[by_entry] = highest
        return nearest.reshape(entries.shape)


def _highest(values: Vectors, counts: Vectors) -> Vectors:
    """Return the highest of each run of values, NOTHING_NEAR for a run of none."""
    lengths = counts.astype(np.intp)
    begins = np.cumsum(lengths) - lengths
    highest = np.full(len(lengths), NOTHING_NEAR, np.float32)
    filled = lengths > 0
    if filled.any():
        highest[filled] = np.maximum.reduceat(values, begins[filled])
    return highest


def _best(coarse: Vectors, count: int) -> Indices:
    chosen = np.argpartition(-coarse, count - 1, axis=1)[:, :count]
    return np.sort(chosen, axis=1)  # in the base's order, so that ties fall the same way


def means(phrasings: Vectors, entry_index: Indices, entries: int) -> Vectors:
    """Return the mean of each entry's phrasings, of length 1; zero for an entry without any."""
    sums = np.zeros((entries, phrasings.shape[1]), np.float32)
    np.add.at(sums, entry_index, phrasings)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.maximum(lengths, 1e-6), np.float32)


def survey(phrasings: Vectors, entry_index: Indices, out_of_scope: Vectors) -> Surroundings:
    """Measure how near things lie, on a bounded number of phrasings spread over the base."""
    step = max(1, -(-len(phrasings) // _SURVEYED))
    cosines = phrasings[::step] @ phrasings.T
    cosines[entry_index[::step, None] == entry_index[None, :]] = NOTHING_NEAR
    others = cosines.max(axis=1)
    outside = (out_of_scope @ phrasings.T).max(axis=1)
    apart = others[others > NOTHING_NEAR]
    background = float(outside.mean()) if len(outside) else 0.0
    return Surroundings(float(apart.mean()) if len(apart) else background, background)


def _share(coarse: Vectors, entries: Indices, nearest: Vectors, ranking: Vectors) -> Vectors:
    # An entry that was not compared counts as near as the farthest that was.
    others = coarse + _NEAREST_WEIGHT * nearest.min(axis=1, keepdims=True)
    np.put_along_axis(others, entries, _OUT, axis=1)
    top = ranking.max(axis=1, keepdims=True)
    total = np.exp(ranking - top).sum(axis=1) + np.exp(others - top).sum(axis=1)
    return np.asarray(1.0 / total, np.float32)

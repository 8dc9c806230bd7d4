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
        self._lengths = np.bincount(entry_index, minlength=len(head))
        self._all_have_phrasings = bool((self._lengths > 0).all())
        self._counts = self._lengths.astype(np.float32)
        ends = np.cumsum(self._lengths)[:-1]
        whole = np.ascontiguousarray(phrasings, np.float32)
        self._phrasings = [part.T for part in np.split(whole, ends)]  # [dimension, its phrasings]
        directions = _HEAD_WEIGHT * head + _ANSWER_WEIGHT * answers
        self._directions = np.ascontiguousarray(directions.T, np.float32)
        self._means = means(phrasings, entry_index, len(head))
        self._lexicon = lexicon
        surroundings = survey(phrasings, entry_index, out_of_scope)
        self._crowding = np.array([surroundings.crowding], np.float32)
        self._background = np.array([surroundings.background], np.float32)

    def score(
        self, vectors: Vectors, texts: Sequence[str], without: Indices | None = None
    ) -> Scores:
        """Score vectors [rows, dimension] of length 1 and the texts that they stand for.

        `without` [rows] names an entry for each row that is to be taken as not in the base.
        """
        lexical = self._lexicon.score(texts)
        coarse = vectors @ self._directions
        coarse += _LEXICAL_WEIGHT * lexical.shares
        if without is not None:
            coarse[np.arange(len(coarse)), without] = _OUT
        entries = _best(coarse, min(_COMPARED, coarse.shape[1]))
        places = _places(coarse, entries)
        nearest = self._nearest(vectors, entries)
        ranking = coarse.take(places)
        ranking += _NEAREST_WEIGHT * nearest
        order = _places(ranking, (-ranking).argsort(axis=1, kind="stable")[:, :CANDIDATES])
        best, ranked = entries.take(order), ranking.take(order)
        first = best[:, 0]
        return Scores(
            entries=best,
            ranking=ranked,
            nearest=nearest.take(order),
            share=_share(coarse, places, nearest, ranking, ranked[:, :1]),
            mean=np.einsum("rd,rd->r", vectors, self._means.take(first, axis=0)),
            lexical=lexical.shares.take(places.take(order[:, 0])),
            phrasings=self._counts.take(first),
            words=lexical.words,
            crowding=self._crowding.repeat(len(best)),
            background=self._background.repeat(len(best)),
        )

    def _nearest(self, vectors: Vectors, entries: Indices) -> Vectors:
        """Return how near the nearest phrasing of each entry is [rows, entries]."""
        if len(entries) == 1:
            served = entries[0]
            cosines = [(vectors @ self._phrasings[entry])[0] for entry in served.tolist()]
            return self._highest(np.concatenate(cosines), served)[None]
        return self._nearest_to_many(vectors, entries)

    def _nearest_to_many(self, vectors: Vectors, entries: Indices) -> Vectors:
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
        highest = self._highest(np.concatenate(cosines), served)
        nearest = np.empty_like(highest)
        nearest[by_entry] = highest
        return nearest.reshape(entries.shape)

    def _highest(self, cosines: Vectors, served: Indices) -> Vectors:
        """Return the highest of each served entry's cosines, which follow each other."""
        lengths = self._lengths.take(served)
        begins = lengths.cumsum()
        begins -= lengths
        if self._all_have_phrasings:
            return np.maximum.reduceat(cosines, begins)
        highest = np.full(len(lengths), NOTHING_NEAR, np.float32)
        filled = lengths > 0
        if filled.any():
            highest[filled] = np.maximum.reduceat(cosines, begins[filled])
        return highest


def _best(coarse: Vectors, count: int) -> Indices:
    chosen = (-coarse).argpartition(count - 1, axis=1)[:, :count]
    chosen.sort(axis=1)  # in the base's order, so that ties fall the same way
    return chosen


def _places(table: Vectors, columns: Indices) -> Indices:
    """Return where columns [rows, any] of each row stand in a table's values.

    One `take` by places costs a tenth of `take_along_axis`.
    """
    rows, width = table.shape
    return columns + np.arange(0, rows * width, width)[:, None] if rows > 1 else columns


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


def _share(
    coarse: Vectors, places: Indices, nearest: Vectors, ranking: Vectors, top: Vectors
) -> Vectors:
    # An entry that was not compared counts as near as the farthest that was.
    others = coarse + _NEAREST_WEIGHT * nearest.min(axis=1, keepdims=True)
    others.put(places, _OUT)
    others -= top
    total = np.exp(ranking - top).sum(axis=1)
    total += np.exp(others, out=others).sum(axis=1)
    return np.asarray(1.0 / total, np.float32)

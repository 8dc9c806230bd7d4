"""Rank entries by TF-IDF: the nearest wording, the mean of all wordings, and the answer's words."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from workers.knowledge.base import Entry
from workers.knowledge.head import Indices, Vectors
from workers.knowledge.index import CANDIDATES
from workers.knowledge.tfidf import Analyze, Postings, Row, StemAnalyzer, TfidfWeights, pieces_of

# Chosen on four bases at once: docs/evaluation.md.
_STEM_SHARE = 0.4  # of a cosine; the rest is that of pieces
_MEAN_WEIGHT = 1.0
_ANSWER_WEIGHT = 0.3
_SCALE = 10.0  # from a sum of cosines to logits
_OUT = -1e9


@dataclass(frozen=True, slots=True)
class TfidfScores:
    """For each message its best entries, best first: [rows, candidates] or [rows].

    `entries` are indices of entries, `ranking` their scores in logits. `nearest` [rows] is the
    cosine of the best one's nearest wording; `known` [rows] is the share of the message that the
    base knows at all.
    """

    entries: Indices
    ranking: Vectors
    nearest: Vectors
    known: Vectors

    @classmethod
    def joined(cls, parts: Sequence["TfidfScores"]) -> "TfidfScores":
        """Return the rows of all parts, one part after the other."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, slots=True)
class _Found:
    """The scores of one message."""

    entries: Indices
    ranking: NDArray[np.float64]
    nearest: float
    known: float


class TfidfIndex:
    """The wordings and answers of a base as TF-IDF. One caller at a time."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        wordings = [text for entry in entries for text in entry.all_phrasings]
        counts = np.array([len(entry.all_phrasings) for entry in entries])
        self._starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        self._counts = counts
        answers = [entry.answer for entry in entries]
        self._stems = _Block(StemAnalyzer(), wordings, answers)
        self._pieces = _Block(pieces_of, wordings, answers)
        self._blocks = ((self._stems, _STEM_SHARE), (self._pieces, 1 - _STEM_SHARE))
        self._lengths = [block.mean_lengths(self._starts, counts) for block, _ in self._blocks]

    def score(
        self, _vectors: Vectors, texts: Sequence[str], without: Indices | None = None
    ) -> TfidfScores:
        """Score texts; `without` [rows] names an entry for each that is taken as missing."""
        rows = [
            self._score(text, None if without is None else int(without[index]))
            for index, text in enumerate(texts)
        ]
        count = min(CANDIDATES, len(self._counts))
        return TfidfScores(
            np.array([row.entries for row in rows], np.intp).reshape(len(rows), count),
            np.array([row.ranking for row in rows], np.float32).reshape(len(rows), count),
            np.array([row.nearest for row in rows], np.float32),
            np.array([row.known for row in rows], np.float32),
        )

    def _score(self, text: str, without: int | None) -> _Found:
        nearest = np.zeros(int(self._counts.sum()))
        mean, answer = np.zeros(len(self._counts)), np.zeros(len(self._counts))
        for (block, share), lengths in zip(self._blocks, self._lengths, strict=True):
            row = block.weights.row(text)
            cosines = block.wordings.cosines(row)
            nearest += share * cosines
            mean += share * np.add.reduceat(cosines, self._starts) / self._counts / lengths
            answer += share * block.answers.cosines(row)
        best_nearest = np.maximum.reduceat(nearest, self._starts)
        scores = best_nearest + _MEAN_WEIGHT * mean + _ANSWER_WEIGHT * answer
        if without is not None:
            scores[without] = _OUT
        entries = np.argsort(-scores, kind="stable")[:CANDIDATES]
        return _Found(
            entries,
            _SCALE * scores[entries],
            float(best_nearest[entries[0]]),
            self._stems.weights.known_share(text),
        )


class _Block:
    """One kind of features: its weights, and the postings of wordings and answers."""

    def __init__(self, analyze: Analyze, wordings: Sequence[str], answers: Sequence[str]) -> None:
        self.weights = TfidfWeights(analyze, wordings)
        self._rows = [self.weights.row(text) for text in wordings]
        self.wordings = Postings(self._rows, len(self.weights))
        self.answers = Postings([self.weights.row(text) for text in answers], len(self.weights))

    def mean_lengths(self, starts: Indices, counts: Indices) -> NDArray[np.float64]:
        """Return the length of the mean of each entry's rows, so that it counts as a direction."""
        lengths = np.zeros(len(counts))
        for index, (start, count) in enumerate(zip(starts.tolist(), counts.tolist(), strict=True)):
            lengths[index] = np.linalg.norm(_mean(self._rows[start : start + count])[1])
        return np.maximum(lengths, 1e-9)


def _mean(rows: Sequence[Row]) -> Row:
    ids, places = np.unique(np.concatenate([ids for ids, _ in rows]), return_inverse=True)
    sums = np.bincount(places, np.concatenate([weights for _, weights in rows]))
    return ids, np.asarray(sums / len(rows), np.float32)

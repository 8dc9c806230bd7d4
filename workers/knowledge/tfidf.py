"""TF-IDF over stems, pairs of stems and pieces of words: what a base says, without an encoder.

The weights are those of scikit-learn's TfidfVectorizer (sublinear, smooth), computed here with
NumPy, since they are of a team's own base and a worker has no scikit-learn; a test compares both.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from workers.knowledge.head import Indices, Vectors
from workers.nltk_modules import english_stemmer

_WORD = re.compile(r"[^\W_]+")
_PIECE_LENGTHS = (3, 4)
_MAX_STEMS_KEPT = 100_000
_HASHED = 384  # places that hashed features share

Analyze = Callable[[str], Sequence[str]]
Row = tuple[Indices, Vectors]
"""The features of one text by index, and their weights; the squares of these add up to 1."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without marks."""
    return _WORD.findall(text.casefold().replace("'", "").replace("’", ""))


class StemAnalyzer:
    """Read the stems of a text and each two that stand together. One caller at a time."""

    def __init__(self) -> None:
        self._stem = english_stemmer().stem
        self._stems: dict[str, str] = {}

    def __call__(self, text: str) -> list[str]:
        """Return the features in order, each as often as it stands there."""
        if len(self._stems) > _MAX_STEMS_KEPT:
            self._stems.clear()
        stems = [self._stem_of(word) for word in words_of(text)]
        return [*stems, *(f"{first} {second}" for first, second in pairwise(stems))]

    def _stem_of(self, word: str) -> str:
        stem = self._stems.get(word)
        if stem is None:
            stem = self._stems[word] = self._stem(word)
        return stem


def pieces_of(text: str) -> list[str]:
    """Return the pieces of each word, with a space for its ends: a typo changes few of them."""
    framed = [f" {word} " for word in words_of(text)]
    return [
        word[start : start + length]
        for word in framed
        for length in _PIECE_LENGTHS
        for start in range(max(1, len(word) - length + 1))
    ]


class TfidfWeights:
    """The features of some texts and how rare each is, fitted once."""

    def __init__(self, analyze: Analyze, texts: Sequence[str]) -> None:
        self._analyze = analyze
        self._ids: dict[str, int] = {}
        holding: Counter[int] = Counter()
        for text in texts:
            holding.update({self._ids.setdefault(f, len(self._ids)) for f in analyze(text)})
        counts = np.array([holding[index] for index in range(len(self._ids))], np.float64)
        self.rarity = np.log((1 + len(texts)) / (1 + counts)) + 1
        self._unknown_rarity = log(1 + len(texts)) + 1

    def __len__(self) -> int:
        """Return how many features there are."""
        return len(self._ids)

    def row(self, text: str) -> Row:
        """Return what the texts know of another text; nothing if they know none of it."""
        counts = Counter(self._analyze(text))
        known = {self._ids[name]: count for name, count in counts.items() if name in self._ids}
        ids = np.fromiter(known, np.intp, len(known))
        often = np.fromiter(known.values(), np.float64, len(known))
        weights = (1 + np.log(often)) * self.rarity[ids]
        return ids, np.asarray(weights / (np.linalg.norm(weights) or 1.0), np.float32)

    def known_share(self, text: str) -> float:
        """Return which part (0-1) of a text's rarity the texts know at all."""
        names = {*self._analyze(text)}
        ids = [self._ids[name] for name in names if name in self._ids]
        known = float(self.rarity[ids].sum())
        unknown = (len(names) - len(ids)) * self._unknown_rarity
        return known / (known + unknown) if names else 0.0


class Postings:
    """For each feature, the texts that hold it and with which weight: cosines at a sum's cost."""

    def __init__(self, rows: Sequence[Row], features: int) -> None:
        self._texts = len(rows)
        owners = np.repeat(np.arange(len(rows)), [len(ids) for ids, _ in rows])
        ids = np.concatenate([ids for ids, _ in rows]) if rows else np.empty(0, np.intp)
        order = np.argsort(ids, kind="stable")
        self._owners = owners[order]
        self._weights = np.concatenate([w for _, w in rows])[order] if rows else np.empty(0)
        ends = np.cumsum(np.bincount(ids, minlength=features))
        self._ends: list[int] = ends.tolist()
        self._starts: list[int] = [0, *self._ends[:-1]]

    def cosines(self, row: Row) -> NDArray[np.float64]:
        """Return the cosine of a text with each text of the postings."""
        ids, weights = row
        spans = [slice(self._starts[each], self._ends[each]) for each in ids.tolist()]
        if not spans:
            return np.zeros(self._texts)
        owners = np.concatenate([self._owners[span] for span in spans])
        parts = np.concatenate(
            [self._weights[span] * weight for span, weight in zip(spans, weights, strict=True)]
        )
        return np.asarray(np.bincount(owners, parts, minlength=self._texts), np.float64)


def hashed_vectors(analyze: Analyze, texts: Sequence[str]) -> Vectors:
    """Return vectors [texts, 384] of length 1: equal words, near vectors.

    They need no base, so that messages of one conversation can be compared with each other.
    """
    vectors = np.zeros((len(texts), _HASHED), np.float32)
    for vector, text in zip(vectors, texts, strict=True):
        for feature in {*analyze(text)} or {""}:
            code = crc32(feature.encode())
            vector[code % _HASHED] += 1.0 if code & 1 << 31 else -1.0
        if not vector.any():
            vector[0] = 1.0
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

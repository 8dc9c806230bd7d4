"""Vectors for sentences and words, each word embedded once."""

from collections.abc import Callable, Collection, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]
"""Returns vectors [texts, dimension] of length 1."""

_MAX_WORDS_KEPT = 20_000


class Likeness:
    """Cosines between texts. Safe from many threads: the encoder is called by one at a time."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._lock = Lock()
        self._words: dict[str, Vectors] = {}

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts, in order."""
        with self._lock:
            return self._encode(texts)

    def nearest_word(self, word: str, others: Collection[str]) -> float:
        """Return the cosine of a word with that of some others which is most like it."""
        if not others:
            return -1.0
        with self._lock:
            return float((self._of([*others]) @ self._of([word])[0]).max())

    def _of(self, words: Sequence[str]) -> Vectors:
        if len(self._words) > _MAX_WORDS_KEPT:
            self._words.clear()
        new = [word for word in words if word not in self._words]
        if new:
            self._words.update(zip(new, self._encode(new), strict=True))
        return np.stack([self._words[word] for word in words])

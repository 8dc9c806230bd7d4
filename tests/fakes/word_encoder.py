"""An encoder without a model, which knows equal words alone."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workers.knowledge.encoder import Ids


class WordEncoder:
    """Embed a text as the sum of one random direction a word: equal words, near vectors.

    No model, no meaning beyond the words themselves.
    """

    name = "words"

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension
        self.embedded = 0

    def read(self, texts: Sequence[str]) -> list[Ids]:
        """Return a number for each word."""
        return [tuple(map(_number, re.findall(r"\w+|\W", text.casefold()))) for text in texts]

    def embed(self, ids: Sequence[Ids]) -> NDArray[np.float32]:
        """Sum the words' directions and scale to length 1; count what was asked for."""
        self.embedded += len(ids)
        sums = [sum(map(self._direction, row), self._direction(0)) for row in ids]
        rows = np.array(sums, np.float32).reshape(len(ids), self.dimension)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def _direction(self, word: int) -> NDArray[np.float64]:
        return np.random.default_rng(word).standard_normal(self.dimension)


def _number(word: str) -> int:
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:6], "big")

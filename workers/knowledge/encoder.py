"""Turn texts into vectors: the port, the adapter over an engine, and a fake that knows words."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workers.engines.engine import Engine, TokenBatch
from workers.preprocessing.preprocessor import Preprocessor

_ROWS_AT_ONCE = 128

Ids = tuple[int, ...]


class Encoder(Protocol):
    """Reads and embeds texts. One caller at a time."""

    @property
    def name(self) -> str:
        """Identify model and precision: equal names and ids give equal vectors."""

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""

    def read(self, texts: Sequence[str]) -> list[Ids]:
        """Clean and tokenise texts."""

    def embed(self, ids: Sequence[Ids]) -> NDArray[np.float32]:
        """Return vectors [texts, dimension] of length 1, in order."""


def encode(encoder: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the vectors of texts, in order."""
    return encoder.embed(encoder.read(texts))


class EngineEncoder:
    """Reads with the workers' preprocessing and embeds with their engine.

    `model_digest` is that of the built model (`workers.engines.manifest`). The engine must be warm.
    """

    def __init__(self, engine: Engine, preprocessor: Preprocessor, model_digest: str) -> None:
        self._engine = engine
        self._preprocessor = preprocessor
        self.name = f"{engine.name} {model_digest}"

    @property
    def dimension(self) -> int:
        """Return the engine's."""
        return self._engine.dimension

    def read(self, texts: Sequence[str]) -> list[Ids]:
        """Prepare texts as the worker prepares messages."""
        return [prepared.ids for prepared in self._preprocessor.prepare(texts)]

    def embed(self, ids: Sequence[Ids]) -> NDArray[np.float32]:
        """Run the engine in batches of bounded size."""
        runs = [self._engine.run(TokenBatch.of(part)) for part in _parts(ids)]
        return np.concatenate(runs) if runs else np.empty((0, self.dimension), np.float32)


class WordEncoder:
    """Embed a text as the sum of one random direction a word: equal words, near vectors.

    For tests: no model, no meaning beyond the words themselves.
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


def _parts(ids: Sequence[Ids]) -> Iterator[Sequence[Ids]]:
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        yield ids[start : start + _ROWS_AT_ONCE]

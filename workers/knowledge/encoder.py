"""Turn texts into vectors: the interface, and the adapter over an engine."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workers.engines.engine import Encoded, Engine, TokenBatch
from workers.preprocessing.preprocessor import Preprocessor

_BATCH_SIZE = 128
_SMALL_BATCH_SIZE = 8  # a message that comes in between waits for one such batch

Run = Callable[[TokenBatch], Encoded]

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
    `run_behind` runs a batch when nothing else waits for the engine; batches are then small.
    """

    def __init__(
        self,
        engine: Engine,
        preprocessor: Preprocessor,
        model_digest: str,
        run_behind: Run | None = None,
    ) -> None:
        self._engine = engine
        self._preprocessor = preprocessor
        self._run = run_behind or engine.run
        self._batch_size = _SMALL_BATCH_SIZE if run_behind else _BATCH_SIZE
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
        runs = [self._run(TokenBatch.of(part)).vectors for part in _parts(ids, self._batch_size)]
        return np.concatenate(runs) if runs else np.empty((0, self.dimension), np.float32)


def _parts(ids: Sequence[Ids], size: int) -> Iterator[Sequence[Ids]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]

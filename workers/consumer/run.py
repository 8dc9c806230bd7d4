"""Step 4: run a batch; on failure split it until the poison message is alone."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.clock import Clock
from shared.errors import EngineError
from workers.consumer.jobs import BatchResult, Job, PreparedJob
from workers.engines.engine import Engine, TokenBatch


class Runner:
    """Turn works into vectors. Must be called from one thread only: engines are bound to it."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def run(self, works: Sequence[PreparedJob[Job]]) -> Iterator[BatchResult[Job]]:
        """Yield one result for the batch, or several where a fault made it split.

        A work that fails alone comes back with its fault; every other one has its vector. The
        engine runs at most 2·log2(n) times more than without the fault.
        """
        started_at = self._clock.monotonic()
        try:
            vectors = self._vectors(works)
        except Exception as fault:  # noqa: BLE001 - whatever an engine throws, the others go on
            yield from self._split(works, fault, started_at)
            return
        yield BatchResult(tuple(works), vectors, started_at, self._clock.monotonic())

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return the tokens, padding included, that works of these lengths make it compute."""
        return self._engine.padded_tokens(lengths)

    def _vectors(self, works: Sequence[PreparedJob[Job]]) -> NDArray[np.float32]:
        vectors = self._engine.run(TokenBatch.of([work.ids for work in works]))
        if vectors.shape[0] != len(works):
            raise EngineError(f"{len(works)} messages in, {vectors.shape[0]} vectors out")
        if not np.isfinite(vectors).all():
            raise EngineError("the engine returned a vector that is not finite")
        return vectors

    def _split(
        self, works: Sequence[PreparedJob[Job]], fault: Exception, started_at: float
    ) -> Iterator[BatchResult[Job]]:
        if len(works) == 1:
            nothing = np.empty((0, 0), np.float32)
            yield BatchResult(tuple(works), nothing, started_at, self._clock.monotonic(), fault)
            return
        middle = len(works) // 2
        yield from self.run(works[:middle])
        yield from self.run(works[middle:])

"""Step 4: run a batch; on failure split it until the poison message is alone."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.clock import Clock
from shared.errors import EngineError
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import JobT
from workers.engines.engine import Encoded, Engine, TokenBatch


class Runner:
    """Turn prepared jobs into vectors. Call it from one thread only: engines are bound to it."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def run(self, jobs: Sequence[PreparedJob[JobT]]) -> Iterator[BatchResult[JobT]]:
        """Yield one result for the batch, or several if a fault made it split.

        A job that fails alone comes back with its fault; every other one has its vector. The
        engine runs at most 2·log2(n) times more than without the fault.
        """
        started_at = self._clock.monotonic()
        try:
            encoded = self._encode(jobs)
        except Exception as fault:  # noqa: BLE001 - whatever an engine throws, the others go on
            yield from self._split(jobs, fault, started_at)
            return
        ended_at = self._clock.monotonic()
        yield BatchResult(tuple(jobs), encoded.vectors, started_at, ended_at, early=encoded.early)

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return the tokens, padding included, that jobs of these lengths make it compute."""
        return self._engine.padded_tokens(lengths)

    def _encode(self, jobs: Sequence[PreparedJob[JobT]]) -> Encoded:
        rows = [passage.ids for job in jobs for passage in job.passages]
        encoded = self._engine.run(TokenBatch.of(rows))
        _check(encoded.vectors, len(rows))
        if encoded.early is not None and len(encoded.early) != len(rows):
            return Encoded(encoded.vectors)  # whose they are is not known, and answers need none
        return encoded

    def _split(
        self, jobs: Sequence[PreparedJob[JobT]], fault: Exception, started_at: float
    ) -> Iterator[BatchResult[JobT]]:
        if len(jobs) == 1:
            nothing = np.empty((0, 0), np.float32)
            yield BatchResult(tuple(jobs), nothing, started_at, self._clock.monotonic(), fault)
            return
        middle = len(jobs) // 2
        yield from self.run(jobs[:middle])
        yield from self.run(jobs[middle:])


def _check(vectors: NDArray[np.float32], rows: int) -> None:
    if vectors.shape[0] != rows:
        raise EngineError(f"{rows} passages in, {vectors.shape[0]} vectors out")
    if not np.isfinite(vectors).all():
        raise EngineError("the engine returned a vector that is not finite")

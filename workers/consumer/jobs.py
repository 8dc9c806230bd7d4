"""What passes from step to step of the batch consumer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from shared.clock import Clock
from workers.consumer.lease_queue import ClaimResult, JobT, Lease, StageSeconds
from workers.preprocessing.preprocessor import Prepared


@dataclass(frozen=True, slots=True)
class PreparedJob(Generic[JobT]):
    """A job that is ready for the engine. Times are monotonic seconds of this process.

    `passages` are the texts that the engine reads for it, at least one. If none of them has token
    ids, the job goes past the engine.
    """

    lease: Lease
    job: JobT
    claim: ClaimResult
    passages: tuple[Prepared, ...]
    leased_at: float
    prepared_at: float

    def stages(
        self, clock: Clock, *, started_at: float, ended_at: float, now: float
    ) -> StageSeconds:
        """Split the job's life up to `now`, given when the engine ran its batch.

        What it waited in this worker for the engine counts as queue.
        """
        leased_at = clock.now() - clock.monotonic() + self.leased_at
        accepted_at = self.job.accepted_at
        unleased = 0.0 if accepted_at is None else max(0.0, leased_at - accepted_at)
        return StageSeconds(
            queue=unleased + max(0.0, started_at - self.prepared_at),
            prepare=self.prepared_at - self.leased_at,
            engine=ended_at - started_at,
            compose=max(0.0, now - ended_at),
            total=unleased + now - self.leased_at,
        )

    @property
    def tokens(self) -> int:
        """Return the token ids of all its passages together."""
        return sum(len(passage.ids) for passage in self.passages)


@dataclass(frozen=True, slots=True)
class BatchResult(Generic[JobT]):
    """A batch that went through the engine: a vector for each passage, in order, or the fault.

    `vectors` are [passages of all jobs, dimension], none after a fault or past the engine, and so
    are the engine's `early` ones, if it gives any; times are monotonic seconds.
    """

    jobs: tuple[PreparedJob[JobT], ...]
    vectors: NDArray[np.float32]
    started_at: float
    ended_at: float
    fault: Exception | None = None
    early: NDArray[np.float32] | None = None

    def single(self, index: int) -> "BatchResult[JobT]":
        """Return one job of the batch as a batch of its own."""
        return replace(self.part([index]), fault=None)

    def part(self, indices: Sequence[int]) -> "BatchResult[JobT]":
        """Return some jobs of the batch, at least one, as a batch of their own."""
        places = list(self.places())
        kept = [places[index] for index in indices]
        return replace(
            self,
            jobs=tuple(self.jobs[index] for index in indices),
            vectors=np.concatenate([self.vectors[each] for each in kept]),
            early=None if self.early is None else np.concatenate([self.early[x] for x in kept]),
        )

    def rows(self) -> Iterator[tuple[PreparedJob[JobT], NDArray[np.float32]]]:
        """Yield each job and the vectors of its passages [passages, dimension]."""
        for job, place in zip(self.jobs, self.places(), strict=True):
            yield job, self.vectors[place]

    def places(self) -> Iterator[slice]:
        """Yield which of the vectors are those of each job."""
        start = 0
        for job in self.jobs:
            yield slice(start, start + len(job.passages))
            start += len(job.passages)

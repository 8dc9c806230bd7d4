"""What passes from step to step of the batch consumer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from workers.consumer.lease_queue import ClaimResult, JobT, Lease
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

    @property
    def tokens(self) -> int:
        """Return the token ids of all its passages together."""
        return sum(len(passage.ids) for passage in self.passages)


@dataclass(frozen=True, slots=True)
class BatchResult(Generic[JobT]):
    """A batch that went through the engine: a vector for each passage, in order, or the fault.

    `vectors` are [passages of all jobs, dimension], none after a fault or past the engine; times
    are monotonic seconds.
    """

    jobs: tuple[PreparedJob[JobT], ...]
    vectors: NDArray[np.float32]
    started_at: float
    ended_at: float
    fault: Exception | None = None

    def single(self, index: int) -> "BatchResult[JobT]":
        """Return one job of the batch as a batch of its own."""
        job, vectors = list(self.rows())[index]
        return BatchResult((job,), vectors, self.started_at, self.ended_at)

    def part(self, indices: Sequence[int]) -> "BatchResult[JobT]":
        """Return some jobs of the batch, at least one, as a batch of their own."""
        rows = list(self.rows())
        jobs, vectors = zip(*(rows[index] for index in indices), strict=True)
        return replace(self, jobs=jobs, vectors=np.concatenate(vectors))

    def rows(self) -> Iterator[tuple[PreparedJob[JobT], NDArray[np.float32]]]:
        """Yield each job and the vectors of its passages [passages, dimension]."""
        start = 0
        for job in self.jobs:
            end = start + len(job.passages)
            yield job, self.vectors[start:end]
            start = end

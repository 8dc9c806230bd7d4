"""What passes from step to step of the batch consumer."""

from dataclasses import dataclass
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from workers.consumer.lease_queue import JobT, Lease


@dataclass(frozen=True, slots=True)
class PreparedJob(Generic[JobT]):
    """A job that is ready for the engine. Times are monotonic seconds of this process.

    `ids` are its token ids, special ones included; `phrases` the ids of the phrases that its
    conversation has seen.
    """

    lease: Lease
    job: JobT
    text: str
    ids: tuple[int, ...]
    truncated: bool
    leased_at: float
    prepared_at: float
    phrases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BatchResult(Generic[JobT]):
    """A batch that went through the engine: one vector per job, in order, or the fault.

    `vectors` are [jobs, dimension]; times are monotonic seconds.
    """

    jobs: tuple[PreparedJob[JobT], ...]
    vectors: NDArray[np.float32]
    started_at: float
    ended_at: float
    fault: Exception | None = None

    def single(self, index: int) -> "BatchResult[JobT]":
        """Return one job of the batch as a batch of its own."""
        vector = self.vectors[index : index + 1]
        return BatchResult((self.jobs[index],), vector, self.started_at, self.ended_at)

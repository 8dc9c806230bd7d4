"""What passes along the drain once a message is decoded."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.jobs import ChatJob


@dataclass(frozen=True, slots=True)
class ToneJob:
    """A tone task: the job whose tone is wanted, and the message. Times are Unix seconds."""

    id: str
    task_id: str
    message: str
    expires_at: float | None


Job = TypeVar("Job", ChatJob, ToneJob)


@dataclass(frozen=True, slots=True)
class PreparedJob(Generic[Job]):
    """A job that is ready for the engine. Times are monotonic seconds of this process.

    `ids` are its token ids, special ones included; `phrases` the wording its conversation has seen.
    """

    token: bytes
    raw: bytes
    job: Job
    text: str
    ids: tuple[int, ...]
    truncated: bool
    leased_at: float
    prepared_at: float
    queued_seconds: float = 0.0
    phrases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BatchResult(Generic[Job]):
    """A batch that went through the engine: one vector per work, in order, or the fault."""

    works: tuple[PreparedJob[Job], ...]
    vectors: NDArray[np.float32]
    started_at: float
    ended_at: float
    fault: Exception | None = None

"""Port: end jobs that nobody wants any more. Adapters: Redis, and memory for tests."""

from collections.abc import Sequence
from typing import Protocol, cast

import redis

from gateway.queue.coalescer import Coalescer
from gateway.queue.job_store import MemoryJobStore
from gateway.queue.pending_replies import ENDED
from gateway.queue.publisher import QueueLimits
from shared import keys, results
from shared.clock import Clock
from shared.connection import queue_errors
from shared.results import Failure, JobRecord
from shared.scripts import register_script

ANY_JOB = "<job>"


class JobCanceller(Protocol):
    """End jobs as cancelled. Raises QueueUnavailable."""

    def cancel(self, job_id: str) -> bool:
        """End a job unless it has ended already; False where it is not known."""

    def abandon(self, job_id: str, gateway: str) -> None:
        """End a job soon unless another gateway than this one waits for it; never raises."""


class RedisJobCanceller:
    """Store the end of jobs and let the next of their conversations go; calls share a trip."""

    def __init__(self, client: "redis.Redis", clock: Clock, limits: QueueLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._script = register_script(client, "cancel.lua")
        self._coalescer: Coalescer[tuple[str, str], bytes] = Coalescer(self._send)

    def cancel(self, job_id: str) -> bool:
        """End a job; it stays in its list or lease, where the next worker to meet it drops it."""
        return self._coalescer.submit((job_id, "")) != b"unknown"

    def abandon(self, job_id: str, gateway: str) -> None:
        """End a job with the next round trip; without Redis it goes on, to nobody's harm."""
        self._coalescer.post((job_id, gateway), lambda _outcome: None)

    def _send(self, jobs: Sequence[tuple[str, str]]) -> Sequence[bytes]:
        limits = self._limits
        arguments = [
            limits.job_ttl_seconds,
            limits.lane_ttl_seconds,
            *encode_cancelled("The message was cancelled.", self._clock.now()),
            *(part for job in jobs for part in job),
        ]
        with queue_errors():
            return cast("list[bytes]", self._script(keys=(keys.INFERENCE,), args=arguments))


class MemoryJobCanceller:
    """Change the records of a memory store."""

    def __init__(self, jobs: MemoryJobStore) -> None:
        self._jobs = jobs

    def cancel(self, job_id: str) -> bool:
        """Put a cancelled record in place of one on the way."""
        record = self._jobs.find(job_id)
        if record and record.state not in ENDED:
            failure = results.encode_failure(Failure("cancelled", "The message was cancelled."))
            self._jobs.records[job_id] = JobRecord("cancelled", failure)
        return record is not None

    def abandon(self, job_id: str, gateway: str) -> None:
        """Put a cancelled record in place of one on the way."""
        self.cancel(job_id)


def encode_cancelled(reason: str, at: float) -> tuple[bytes, bytes]:
    """Return announcement and Celery result of a cancelled job, ANY_JOB in place of its id."""
    body = results.encode_failure(Failure("cancelled", reason))
    return (
        results.encode_notification(ANY_JOB, "cancelled", body),
        results.celery_result(ANY_JOB, "cancelled", body, at),
    )

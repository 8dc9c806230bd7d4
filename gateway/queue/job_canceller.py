"""Ends jobs that are not wanted any more, or never came: the interface, its adapter to Redis."""

from collections.abc import Sequence
from typing import Protocol, cast

import redis

from gateway.queue.coalescer import Coalescer
from gateway.queue.publisher import EnqueueLimits
from shared import keys, results
from shared.clock import Clock
from shared.connection import queue_errors
from shared.jobs import JobState
from shared.results import Failure
from shared.scripts import register_script

ANY_JOB = "<job>"
ANY_TENANT = "<tenant>"


class JobCanceller(Protocol):
    """End jobs as cancelled. Raises QueueUnavailable."""

    def cancel(self, job_id: str) -> bool:
        """End a job unless it has ended already; False if it is not known."""

    def abandon(self, job_id: str, gateway: str) -> None:
        """End a job soon unless another gateway than this one waits for it; never raises."""


class RedisJobCanceller:
    """Store the end of jobs and start the next of their conversations; calls share a round trip."""

    def __init__(self, client: "redis.Redis", clock: Clock, limits: EnqueueLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._script = register_script(client, "cancel.lua")
        self._expire = register_script(client, "expire_queued.lua")
        self._coalescer: Coalescer[tuple[str, str], bytes] = Coalescer(self._send)

    def cancel(self, job_id: str) -> bool:
        """End a job; it stays in its list or lease, where the next worker to meet it drops it."""
        return self._coalescer.submit((job_id, "")) != b"unknown"

    def abandon(self, job_id: str, gateway: str) -> None:
        """End a job with the next round trip; without Redis it goes on, which does no harm."""
        self._coalescer.post((job_id, gateway), lambda _outcome: None)

    def expire_overdue(self, job_ids: Sequence[str]) -> None:
        """End those of these jobs as expired whose time is over and that no worker has claimed."""
        limits, now = self._limits, self._clock.now()
        templates = encode_end("expired", "No worker has reached the message in time.", now)
        arguments = [now, limits.job_ttl_seconds, limits.lane_ttl_seconds, *templates, *job_ids]
        with queue_errors():
            self._expire(keys=(keys.INFERENCE,), args=arguments)

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


def encode_cancelled(reason: str, at: float) -> tuple[bytes, bytes]:
    """Return notification and Celery result of a cancelled job; placeholders as in `encode_end`."""
    return encode_end("cancelled", reason, at)


def encode_end(state: JobState, reason: str, at: float) -> tuple[bytes, bytes]:
    """Return notification and Celery result of a job without an answer.

    ANY_JOB and ANY_TENANT are in place of its id and tenant.
    """
    body = results.encode_failure(Failure(state, reason))
    return (
        results.encode_notification(ANY_JOB, state, body),
        results.celery_result(ANY_JOB, state, body, at, ANY_TENANT),
    )

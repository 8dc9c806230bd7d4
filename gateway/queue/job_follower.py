"""Shows how far jobs have come: the interface, and its adapter to Redis."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import redis

from gateway.queue.coalescer import Coalescer
from shared import keys
from shared.clock import Clock, SystemClock
from shared.connection import queue_errors
from shared.jobs import JobState
from shared.results import JobRecord, read_celery_result
from shared.scripts import register_script


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A job that has not ended. `text` is what its reply gained; `waiting` counts the queue."""

    state: JobState
    conversation_id: str
    tone: bytes | None = None
    text: bytes = b""
    waiting: int = 0


class JobFollower(Protocol):
    """Look jobs up for their event streams."""

    def follow(self, job_id: str, known_bytes: int) -> JobProgress | JobRecord | None:
        """Return a job's progress or its end; None for an unknown job.

        `known_bytes` of its reply's text are left out. From now on each further step wakes the
        job's streams in this process. Raises QueueUnavailable.
        """


class RedisJobFollower:
    """Ask with one script call for all streams that look at the same time."""

    def __init__(
        self,
        client: "redis.Redis",
        gateway_id: str,
        job_ttl_seconds: int,
        expire_overdue: Callable[[Sequence[str]], None] = lambda _job_ids: None,
        clock: Clock | None = None,
    ) -> None:
        self._fixed = (gateway_id, job_ttl_seconds)
        self._expire_overdue = expire_overdue
        self._clock = clock or SystemClock()
        self._script = register_script(client, "follow.lua")
        self._coalescer: Coalescer[tuple[str, int], JobProgress | JobRecord | None] = Coalescer(
            self._look_up
        )

    def follow(self, job_id: str, known_bytes: int) -> JobProgress | JobRecord | None:
        """Return a job's progress or its end; one whose time is over while it waits is ended."""
        return self._coalescer.submit((job_id, known_bytes))

    def _look_up(
        self, jobs: Sequence[tuple[str, int]]
    ) -> Sequence[JobProgress | JobRecord | Exception | None]:
        found = self._ask(jobs)
        now = self._clock.now()
        overdue = [job[0] for job, each in zip(jobs, found, strict=True) if _is_over(each, now)]
        if overdue:  # their messages may be gone
            self._expire_overdue(overdue)
            found = self._ask(jobs)
        return [_read(job_id, each) for (job_id, _), each in zip(jobs, found, strict=True)]

    def _ask(self, jobs: Sequence[tuple[str, int]]) -> Sequence[Sequence[Any] | None]:
        arguments = (*self._fixed, *(part for job in jobs for part in job))
        with queue_errors():
            return cast(
                "Sequence[Sequence[Any] | None]",
                self._script(keys=(keys.INFERENCE,), args=arguments),
            )


def _is_over(found: Sequence[Any] | None, now: float) -> bool:
    """Tell whether a job waits though its time is over."""
    if found is None or len(found) == 1 or found[0] != b"queued" or not found[5]:
        return False
    return float(found[5]) <= now


def _read(job_id: str, found: Sequence[Any] | None) -> JobProgress | JobRecord | None:
    if found is None:
        return None
    if len(found) == 1:
        try:
            record = read_celery_result(cast("bytes", found[0]))
        except ValueError:  # nothing that Parley wrote
            return None
        return record if record.is_for(job_id) else None
    state, conversation, tone, text = cast("Sequence[bytes]", found[:4])
    return JobProgress(
        "started" if state == b"started" else "queued",
        conversation.decode(),
        tone or None,
        text,
        cast("int", found[4]),
    )

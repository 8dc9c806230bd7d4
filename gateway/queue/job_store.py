"""Looks up what is known of jobs: the interface, and its adapter to Redis."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, cast, get_args

import redis

from gateway.queue.coalescer import Coalescer
from shared import keys, results, tenants
from shared.clock import Clock, SystemClock
from shared.connection import queue_errors
from shared.jobs import JobState
from shared.results import JobRecord

logger = logging.getLogger(__name__)

_MAX_LOOKUPS = 500
_STATES = get_args(JobState)


class JobStore(Protocol):
    """Return what is known of jobs; both methods raise QueueUnavailable."""

    def find(self, job_id: str) -> JobRecord | None:
        """Return a job's state, with its body if it has ended; None for an unknown job."""

    def finished(self, job_ids: Sequence[str]) -> Mapping[str, JobRecord]:
        """Return those of these jobs that have ended."""


class ResultBin(Protocol):
    """Forget results before their time: those that are large and that nobody asks for again."""

    def forget(self, job_ids: Sequence[str]) -> None:
        """Forget what these jobs ended in; raises QueueUnavailable."""


class JobLookup(JobStore, ResultBin, Protocol):
    """Both in one."""


class RedisJobStore:
    """Read Celery's results and the jobs' hashes; simultaneous lookups share a round trip."""

    def __init__(
        self,
        client: "redis.Redis",
        expire_overdue: Callable[[Sequence[str]], None] = lambda _job_ids: None,
        clock: Clock | None = None,
    ) -> None:
        self._client = client
        self._expire_overdue = expire_overdue
        self._clock = clock or SystemClock()
        self._coalescer: Coalescer[str, JobRecord | None] = Coalescer(self._look_up)

    def find(self, job_id: str) -> JobRecord | None:
        """Return a job's record: its stored result, else its state until then.

        A job whose time is over while it waits is ended first: its message may be gone. One that a
        Celery client sent for a tenant has an id outside of that tenant's scope: nobody asks for
        it here.
        """
        return self._coalescer.submit(job_id)

    def finished(self, job_ids: Sequence[str]) -> Mapping[str, JobRecord]:
        """Return those of these jobs whose result is stored."""
        records: dict[str, JobRecord] = {}
        for start in range(0, len(job_ids), _MAX_LOOKUPS):
            chunk = job_ids[start : start + _MAX_LOOKUPS]
            with queue_errors():
                stored = self._client.mget([keys.result(job_id) for job_id in chunk])
            records.update(_ended(chunk, cast("list[bytes | None]", stored)))
        return records

    def forget(self, job_ids: Sequence[str]) -> None:
        """Delete their results."""
        with queue_errors():
            self._client.unlink(*(keys.result(job_id) for job_id in job_ids))

    def _look_up(self, job_ids: Sequence[str]) -> Sequence[JobRecord | None]:
        records, overdue = self._read(job_ids)
        if overdue:
            self._expire_overdue(overdue)
            records |= self.finished(overdue)
        shown = {each: found for each, found in records.items() if found.is_for(each)}
        return [shown.get(job_id) for job_id in job_ids]

    def _read(self, job_ids: Sequence[str]) -> tuple[dict[str, JobRecord], list[str]]:
        """Return what is known of jobs, and those that wait in vain: their time is over."""
        with queue_errors(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.mget([keys.result(job_id) for job_id in job_ids])
            for job_id in job_ids:
                pipeline.hmget(keys.job(job_id), "state", "expires_at", "conversation")
            stored, *hashes = pipeline.execute()
        records, overdue = dict(_ended(job_ids, stored)), []
        for job_id, (state, expires_at, conversation) in zip(job_ids, hashes, strict=True):
            if job_id in records or state is None:
                continue
            records[job_id] = _unfinished(state, conversation)
            if state == b"queued" and expires_at and float(expires_at) <= self._clock.now():
                overdue.append(job_id)
        return records, overdue


def _ended(
    job_ids: Sequence[str], stored: Sequence[bytes | None]
) -> Iterator[tuple[str, JobRecord]]:
    for job_id, result in zip(job_ids, stored, strict=True):
        if result is None:
            continue
        try:
            yield job_id, results.read_celery_result(result)
        except ValueError:  # nothing that Parley wrote
            logger.warning("the stored result of job %s could not be read", job_id)


def _unfinished(state: bytes, conversation: bytes | None) -> JobRecord:
    name, tenant = state.decode(errors="replace"), None
    if conversation is not None:
        tenant = tenants.tenant_of(conversation.decode(errors="replace"))
    return JobRecord(cast("JobState", name) if name in _STATES else "queued", tenant=tenant)

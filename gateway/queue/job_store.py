"""Looks up what is known of jobs: the interface, and its adapter to Redis."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, cast, get_args

import redis

from gateway.queue.coalescer import Coalescer
from shared import keys, results, tenants
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


class RedisJobStore:
    """Read Celery's results and the jobs' hashes; simultaneous lookups share a round trip."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._coalescer: Coalescer[str, JobRecord | None] = Coalescer(self._look_up)

    def find(self, job_id: str) -> JobRecord | None:
        """Return a job's record: its stored result, else its state until then.

        A job that a Celery client sent for a tenant has an id outside of that tenant's scope:
        nobody asks for it here.
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
        with queue_errors(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.mget([keys.result(job_id) for job_id in job_ids])
            for job_id in job_ids:
                pipeline.hmget(keys.job(job_id), ["state", "conversation"])
            stored, *states = pipeline.execute()
        ended = dict(_ended(job_ids, stored))
        records = [
            ended.get(job_id) or _unfinished(*fields)
            for job_id, fields in zip(job_ids, states, strict=True)
        ]
        return [
            record if record and record.tenant in (None, tenants.tenant_of(job_id)) else None
            for job_id, record in zip(job_ids, records, strict=True)
        ]


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


def _unfinished(state: bytes | None, conversation: bytes | None) -> JobRecord | None:
    if state is None:
        return None
    name, tenant = state.decode(errors="replace"), None
    if conversation is not None:
        tenant = tenants.tenant_of(conversation.decode(errors="replace"))
    return JobRecord(cast("JobState", name) if name in _STATES else "queued", tenant=tenant)

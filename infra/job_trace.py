"""Where a job is and what happened to it, as Redis has it. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import msgspec
import redis

from infra.message_search import MAX_SCANNED, MessageSearch, Place
from shared import keys, results, tenants, wire
from shared.connection import queue_errors
from shared.jobs import Tone
from shared.partitions import Partitions
from shared.queue_lists import QueueLists
from workers.consumer.lease_queue import DeadLetter

_DEFAULT_LISTS = QueueLists()


@dataclass(frozen=True, slots=True)
class Death:
    """Why a message became a dead letter, and when (Unix seconds)."""

    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class ToneTrace:
    """What is known of a job's tone: the tone itself, or where its task is.

    `due`: there is none yet; the inference worker that reads the message queues it.
    """

    known: Tone | None
    place: Place | None
    wanted: bool
    dead_letter: Death | None
    due: bool = False


@dataclass(frozen=True, slots=True)
class StoredResult:
    """How a job ended; `error` is the sentence for the person who asked."""

    state: str
    error: str | None
    ttl_seconds: int
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class JobTrace:
    """All that Redis knows of a job.

    `state` is a job's, or unknown; `deliveries` counts the present lease and those that ended with
    a dead worker; `trace_id` names the trace in which it is recorded; `whole` is False if a list
    was too long to be searched to its end.
    """

    job_id: str
    state: str
    conversation_id: str | None
    gateways: Sequence[str]
    place: Place | None
    deliveries: int
    redeliveries: int
    tone: ToneTrace
    result: StoredResult | None
    dead_letter: Death | None
    whole: bool
    trace_id: str | None = None


def trace_job(partitions: Partitions, job_id: str, lists: QueueLists) -> JobTrace:
    """Return what is known of a job; one that a Celery client sent lies in their partition."""

    def trace_in(client: "redis.Redis") -> JobTrace:
        return JobTracer(client, lists=partitions.lists_of(client, lists)).trace(job_id)

    found = trace_in(partitions.of(job_id))
    return trace_in(partitions.stock) if found.state == "unknown" else found


class JobTracer:
    """Look for jobs in every place where one can be."""

    def __init__(
        self,
        client: "redis.Redis",
        max_scanned: int = MAX_SCANNED,
        lists: QueueLists = _DEFAULT_LISTS,
    ) -> None:
        self._redis = client
        self._lists = lists
        self._max_scanned = max_scanned

    def trace(self, job_id: str) -> JobTrace:
        """Return what is known of a job; raise QueueUnavailable."""
        with queue_errors():
            return self._trace(job_id, MessageSearch(self._redis, self._max_scanned, self._lists))

    def _trace(self, job_id: str, search: MessageSearch) -> JobTrace:
        state, conversation, watchers = self._job_fields(job_id)
        place = None
        if conversation:
            place = search.find_parked(conversation, job_id)
            place = place or search.find_scheduled(conversation, job_id)
        # A message goes from one queue to the other, and comes back if no worker lives there.
        for queue in (keys.INFERENCE, *keys.RETURN_QUEUES, keys.INFERENCE):
            place = place or search.find(queue, job_id)
        result = self._result(job_id)  # after the search: a job may end meanwhile
        dead_letter = self._death(job_id)
        redeliveries = int(self._get(keys.redelivered(job_id)) or 0)
        return JobTrace(
            job_id=job_id,
            state=_state(state, place, result, dead_letter),
            conversation_id=conversation,
            gateways=(watchers or "").split(),
            place=None if result else place,
            deliveries=redeliveries + (place is not None and place.kind == "lease"),
            redeliveries=redeliveries,
            tone=self._tone(job_id, search),
            result=result,
            dead_letter=dead_letter,
            whole=search.whole,
            trace_id=_trace_id(result, place),
        )

    def _job_fields(self, job_id: str) -> list[str | None]:
        names = ["state", "conversation", "watchers"]
        fields = cast("list[bytes | None]", self._redis.hmget(keys.job(job_id), names))
        return [None if field is None else field.decode(errors="replace") for field in fields]

    def _tone(self, job_id: str, search: MessageSearch) -> ToneTrace:
        known = self._get(keys.tone(job_id))
        task_id = wire.tone_task_id(job_id)
        return ToneTrace(
            known=msgspec.json.decode(known, type=Tone) if known else None,
            place=search.find(keys.SENTIMENT, task_id),
            wanted=self._get(keys.tone_subscription(job_id)) is not None,
            dead_letter=self._death(task_id),
            due=bool(self._redis.hexists(keys.job(job_id), "tone_due")),
        )

    def _result(self, job_id: str) -> StoredResult | None:
        stored = self._get(keys.result(job_id))
        if stored is None:
            return None
        ttl_seconds = self._redis.ttl(keys.result(job_id))
        try:
            record = results.read_celery_result(stored)
        except ValueError:  # nothing that Parley wrote
            return StoredResult("unreadable", None, ttl_seconds)
        trace_id = results.read_trace_id(stored)
        return StoredResult(record.state, _error(record), ttl_seconds, trace_id)

    def _death(self, task_id: str) -> Death | None:
        """Return a task's latest dead letter; workers bound the list."""
        records = cast("list[bytes]", self._redis.lrange(keys.DEAD_LETTERS, 0, -1))
        part = tenants.local(task_id).encode()
        deaths = (_read_death(record, task_id) for record in records if part in record)
        return next((death for death in deaths if death), None)

    def _get(self, key: str) -> bytes | None:
        return cast("bytes | None", self._redis.get(key))


def _read_death(record: bytes, task_id: str) -> Death | None:
    try:
        letter = msgspec.json.decode(record, type=DeadLetter)
    except ValueError:
        return None
    return Death(letter.reason, letter.at) if letter.id == task_id else None


def _error(record: results.JobRecord) -> str | None:
    if record.state == "done" or record.body is None:
        return None
    try:
        return results.failure_detail(record.body)
    except (ValueError, TypeError, LookupError):  # a result that Celery itself wrote
        return None


def _trace_id(result: StoredResult | None, place: Place | None) -> str | None:
    if result:
        return result.trace_id
    return place.trace_id if place else None


def _state(
    state: str | None, place: Place | None, result: StoredResult | None, dead_letter: Death | None
) -> str:
    if result:
        return result.state
    if state or place:
        return state or "queued"
    return "failed" if dead_letter else "unknown"

"""Where the message of a task is: in a queue, in quarantine, with a worker. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

import msgspec
import redis

from shared import keys, tenants
from shared.queue_lists import QueueLists
from shared.task_message import peek_headers, peek_id
from shared.tracing.context import context_of
from shared.worker_status import WorkerStatus

PlaceKind = Literal["queue", "quarantine", "handoff", "lease", "lane", "schedule"]

_CHUNK = 500
_DEFAULT_LISTS = QueueLists()
MAX_SCANNED = 20_000  # messages of one list; a list cannot be searched by content in Redis


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that has a message; `pid` and `host` are known of one that is alive."""

    id: str
    alive: bool
    pid: int | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is: `position` counts from 1, the next one to go; None in a lease.

    `due_at` (Unix seconds) is given where it waits for its time. `trace_id` names the trace in
    which it is recorded.
    """

    kind: PlaceKind
    key: str
    position: int | None = None
    waiting: int | None = None
    worker: Worker | None = None
    lane_holder: str | None = None
    due_at: float | None = None
    trace_id: str | None = None


class MessageSearch:
    """One search through the lists, each up to a limit; `whole` is False once one was longer."""

    def __init__(
        self,
        client: "redis.Redis",
        max_scanned: int = MAX_SCANNED,
        lists: QueueLists = _DEFAULT_LISTS,
    ) -> None:
        self._redis = client
        self._lists = lists
        self._max_scanned = max_scanned
        self.whole = True

    def find(self, queue: str, task_id: str) -> Place | None:
        """Return where a task's message is, unless it is parked.

        The places are looked through in the order in which a message moves, so that it cannot
        slip by.
        """
        tenant = tenants.tenant_of(task_id)
        for key in dict.fromkeys((*self._lists.of(queue), keys.flow(queue, tenant))):
            if place := self._find_in_list("queue", key, task_id):
                return place
        if place := self._find_in_list("quarantine", keys.quarantine(queue), task_id):
            return place
        return self._find_at_workers(queue, task_id)

    def find_parked(self, conversation_id: str, job_id: str) -> Place | None:
        """Return where a job is parked; admission bounds the list."""
        key = keys.lane_waiting(conversation_id)
        parked = cast("list[bytes]", self._redis.lrange(key, 0, -1))
        for position, entry in enumerate(parked, 1):
            if entry.startswith(job_id.encode() + b"\n"):
                holder = cast("bytes | None", self._redis.get(keys.lane(conversation_id)))
                name = holder.decode() if holder else None
                trace_id = _trace_id(entry.partition(b"\n")[2])
                return Place(
                    "lane", key, position, len(parked), lane_holder=name, trace_id=trace_id
                )
        return None

    def find_scheduled(self, conversation_id: str, job_id: str) -> Place | None:
        """Return where a job waits until it is due."""
        due_at = self._redis.zscore(keys.SCHEDULED, f"{conversation_id}\n{job_id}")
        return None if due_at is None else Place("schedule", keys.SCHEDULED, due_at=float(due_at))

    def _find_at_workers(self, queue: str, task_id: str) -> Place | None:
        workers = cast("list[bytes]", self._redis.zrange(keys.workers(queue), 0, -1))
        for worker_id in (name.decode() for name in workers):
            place = self._find_in_list("handoff", keys.handoff(worker_id), task_id, worker_id)
            if place or (place := self._find_leased(worker_id, task_id)):
                return place
        return None

    def _find_leased(self, worker_id: str, task_id: str) -> Place | None:
        key = keys.lease(worker_id)
        held = cast("list[bytes]", self._redis.hvals(key))
        for raw in held:
            if _is_task(raw, task_id):
                return Place("lease", key, worker=self._worker(worker_id), trace_id=_trace_id(raw))
        return None

    def _find_in_list(
        self, kind: PlaceKind, key: str, task_id: str, worker_id: str | None = None
    ) -> Place | None:
        for position, raw in enumerate(self._from_head(key), 1):
            if _is_task(raw, task_id):
                worker = self._worker(worker_id) if worker_id else None
                length, trace_id = self._length(key), _trace_id(raw)
                return Place(kind, key, position, length, worker, trace_id=trace_id)
        return None

    def _from_head(self, key: str) -> Iterator[bytes]:
        """Yield a list's messages from its right end, in chunks, up to the limit."""
        for start in range(0, self._max_scanned, _CHUNK):
            stop = min(start + _CHUNK, self._max_scanned)
            chunk = cast("list[bytes]", self._redis.lrange(key, -stop, -start - 1))
            yield from reversed(chunk)
            if len(chunk) < stop - start:
                return
        if self._length(key) > self._max_scanned:
            self.whole = False

    def _length(self, key: str) -> int:
        return self._redis.llen(key)

    def _worker(self, worker_id: str) -> Worker:
        heartbeat = cast("bytes | None", self._redis.get(keys.worker(worker_id)))
        if heartbeat is None:
            return Worker(worker_id, alive=False)
        status = msgspec.json.decode(heartbeat, type=WorkerStatus)
        return Worker(worker_id, alive=True, pid=status.pid, host=status.host)


def _trace_id(raw: bytes) -> str | None:
    context = context_of(peek_headers(raw))
    return context.trace_id if context and context.sampled else None


def _is_task(raw: bytes, task_id: str) -> bool:
    return peek_id(raw) == task_id

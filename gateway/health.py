"""Reports the state of queue and workers: the interface, and its adapter to Redis."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

import msgspec
import redis

from gateway.oldest_messages import OldestMessages
from gateway.storage import Storage, read_storage
from gateway.waiting_tenants import other_tenants
from shared import keys
from shared.connection import queue_errors
from shared.errors import QueueUnavailable
from shared.foreign_lists import ForeignLists
from shared.heartbeats import read_heartbeats
from shared.queue_lists import QueueLists
from shared.tenants import DEFAULT_TENANT
from shared.worker_status import WorkerStatus

_DEFAULT_LISTS = QueueLists()


class Health(Protocol):
    """Observe the parts behind the gateway; all methods raise QueueUnavailable."""

    def workers(self) -> Sequence[WorkerStatus]:
        """Return the last heartbeat of every live worker."""

    def backlogs(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many messages wait on each queue, by tenant."""

    def oldest_seconds(self) -> Mapping[str, float]:
        """Return how long the oldest message of each queue has waited; 0 if none waits."""

    def storage(self) -> Storage:
        """Return what lies in Redis beside the queues, and what memory it takes."""

    def foreign_lists(self) -> Mapping[str, int]:
        """Return lists that look meant for a queue and that no worker serves, and their lengths."""


class RedisHealth:
    """Read heartbeats and queue lengths."""

    def __init__(self, client: "redis.Redis", lists: QueueLists = _DEFAULT_LISTS) -> None:
        self._client = client
        self._lists = lists
        self._foreign = ForeignLists(client, lists)
        self._oldest = OldestMessages(client, lists)

    def workers(self) -> Sequence[WorkerStatus]:
        """Return the heartbeats that have not expired."""
        with queue_errors():
            return read_heartbeats(self._client)

    def backlogs(self) -> Mapping[str, Mapping[str, int]]:
        """Return the lengths of the flows; the default tenant's has all priority steps together."""
        with queue_errors():
            others = other_tenants(self._client)
            names = {
                queue: [*self._lists.of(queue), *(keys.flow(queue, each) for each in others[queue])]
                for queue in keys.QUEUES
            }
            with self._client.pipeline(transaction=False) as pipeline:
                for queue, lists in names.items():
                    for name in lists:
                        pipeline.llen(name)
                    pipeline.lindex(queue, -1)
                answers = iter(pipeline.execute())
        return {
            queue: self._by_tenant(others[queue], list(islice(answers, len(lists) + 1)))
            for queue, lists in names.items()
        }

    @staticmethod
    def _by_tenant(others: Sequence[str], answers: Sequence[Any]) -> Mapping[str, int]:
        *lengths, head = answers
        own = len(lengths) - len(others)
        waiting = sum(lengths[:own]) - (head == keys.WAKE.encode())
        counted = zip(others, lengths[own:], strict=True)
        return {DEFAULT_TENANT: waiting, **{name: length for name, length in counted if length}}

    def oldest_seconds(self) -> Mapping[str, float]:
        """Look at the head of each list, of every tenant."""
        with queue_errors():
            return self._oldest.ages()

    def storage(self) -> Storage:
        """Count, and ask the server for its memory."""
        with queue_errors():
            return read_storage(self._client)

    def foreign_lists(self) -> Mapping[str, int]:
        """Look through some more keys with each call."""
        return self._foreign.look()


# Queues that are served only if asked for: the gauge of inference workers that hand messages over
# to them, and what happens while no worker lives there.
_OPTIONAL = (
    (keys.INFERENCE_LARGE, "cascade", "the small encoder answers alone"),
    (keys.GENERATION, "voice", "the entries' own words go out"),
)


class PartHealth(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a part works and, if not, why; one that does may have a reason to look after it."""

    ok: bool
    reason: str | None = None


def readiness(health: Health, feed_is_live: bool) -> Mapping[str, PartHealth]:
    """Check Redis and each queue's workers; never raises QueueUnavailable."""
    try:
        workers = health.workers()
    except QueueUnavailable as error:
        unknown = PartHealth(False, "unknown while Redis is unavailable")
        parts = dict.fromkeys(keys.NEEDED_QUEUES, unknown)
        return {"redis": PartHealth(False, str(error)), **parts}
    redis_part = PartHealth(True)
    if not feed_is_live:
        redis_part = PartHealth(False, "the subscription to replies is being restored")
    served = {worker.queue for worker in workers if not worker.paused}
    paused = {worker.queue for worker in workers} - served
    parts = {queue: _queue_part(queue, served, paused) for queue in keys.NEEDED_QUEUES}
    optional = (_optional_part(*each, workers, served) for each in _OPTIONAL)
    return {"redis": redis_part, **parts, **{name: part for name, part in optional if part}}


def _queue_part(queue: str, served: set[str], paused: set[str]) -> PartHealth:
    if queue in served:
        return PartHealth(True)
    if queue in paused:
        resume = f"celery -A workers.celery_app control add_consumer {queue}"
        return PartHealth(False, f"every {queue} worker is paused; `{resume}` resumes them")
    return PartHealth(False, _no_worker(queue))


def _optional_part(
    queue: str, gauge: str, without: str, workers: Sequence[WorkerStatus], served: set[str]
) -> tuple[str, PartHealth | None]:
    """Return the health of workers without whom every message is answered; None: nobody asks."""
    if queue in served:
        return queue, PartHealth(True)
    if any(worker.counters.get(gauge) for worker in workers):
        return queue, PartHealth(True, f"{_no_worker(queue)}: {without}")
    return queue, None


def _no_worker(queue: str) -> str:
    return f"no {queue} worker has reported in the last seconds"

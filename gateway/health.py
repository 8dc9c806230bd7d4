"""Port: how queue and workers are. Adapters: Redis, and memory for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

import msgspec
import redis

from shared import keys
from shared.connection import queue_errors
from shared.errors import QueueUnavailable
from shared.jobs import WorkerStatus

_status_decoder = msgspec.json.Decoder(WorkerStatus)


class Health(Protocol):
    """Observe the parts behind the gateway; both methods raise QueueUnavailable."""

    def workers(self) -> Sequence[WorkerStatus]:
        """Return the last heartbeat of every worker that lives."""

    def backlogs(self) -> Mapping[str, int]:
        """Return how many messages wait on each queue."""


class RedisHealth:
    """Read heartbeats and queue lengths."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def workers(self) -> Sequence[WorkerStatus]:
        """Return the heartbeats that have not run out."""
        with queue_errors():
            names = [
                keys.worker(name.decode())
                for queue in keys.QUEUES
                for name in cast("list[bytes]", self._client.zrange(keys.workers(queue), 0, -1))
            ]
            beats = cast("list[bytes | None]", self._client.mget(names)) if names else []
        return [_status_decoder.decode(heartbeat) for heartbeat in beats if heartbeat is not None]

    def backlogs(self) -> Mapping[str, int]:
        """Return the lengths of the queues, all priority steps together."""
        names = [(queue, key) for queue in keys.QUEUES for key in keys.queue_keys(queue)]
        with queue_errors(), self._client.pipeline(transaction=False) as pipeline:
            for _, key in names:
                pipeline.llen(key)
            lengths = pipeline.execute()
        totals = dict.fromkeys(keys.QUEUES, 0)
        for (queue, _), length in zip(names, lengths, strict=True):
            totals[queue] += length
        return totals


@dataclass
class MemoryHealth:
    """Tell what a test has set."""

    alive: list[WorkerStatus] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=lambda: dict.fromkeys(keys.QUEUES, 0))
    available: bool = True

    def workers(self) -> Sequence[WorkerStatus]:
        """Return the workers that the test has set."""
        self._require_availability()
        return self.alive

    def backlogs(self) -> Mapping[str, int]:
        """Return the backlogs that the test has set."""
        self._require_availability()
        return self.waiting

    def _require_availability(self) -> None:
        if not self.available:
            raise QueueUnavailable("memory: switched off")


class PartHealth(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a part works and, where it does not, why."""

    ok: bool
    reason: str | None = None


def readiness(health: Health, feed_is_live: bool) -> Mapping[str, PartHealth]:
    """Judge Redis and each queue's workers; never raises QueueUnavailable."""
    try:
        served = {worker.queue for worker in health.workers()}
    except QueueUnavailable as error:
        unknown = PartHealth(False, "unknown while Redis is unavailable")
        return {"redis": PartHealth(False, str(error)), **dict.fromkeys(keys.QUEUES, unknown)}
    redis_part = PartHealth(True)
    if not feed_is_live:
        redis_part = PartHealth(False, "the subscription to replies is being restored")
    return {"redis": redis_part, **{queue: _queue_part(queue, served) for queue in keys.QUEUES}}


def _queue_part(queue: str, served: set[str]) -> PartHealth:
    if queue in served:
        return PartHealth(True)
    return PartHealth(False, f"no {queue} worker has reported in the last seconds")

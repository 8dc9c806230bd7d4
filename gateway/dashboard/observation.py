"""What there is to see behind the gateways at one moment: interface, and adapter to Redis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import redis

from gateway.dashboard.handover_meter import HandoverMeter
from gateway.health import Health
from gateway.queue.handovers import HandoverFigures, Handovers
from gateway.queue.traffic import Traffic
from shared import keys
from shared.clock import Clock
from shared.connection import queue_errors
from shared.jobs import WorkerStatus

_LEASING_QUEUES = frozenset((keys.INFERENCE, keys.INFERENCE_LARGE))


@dataclass(frozen=True, slots=True)
class Observation:
    """How things stand at `at` (Unix seconds). `unfinished` messages wait or are being answered."""

    at: float
    waiting: Mapping[str, int]
    oldest_seconds: Mapping[str, float]
    unfinished: int
    workers: Sequence[WorkerStatus]
    handovers: HandoverFigures
    dead_letters: int = 0


class Observer(Protocol):
    """Look behind the gateways; raises QueueUnavailable."""

    def observe(self) -> Observation:
        """Return how things stand now."""


class RedisObserver:
    """Read queues, leases, heartbeats and handovers."""

    def __init__(
        self,
        client: "redis.Redis",
        health: Health,
        handovers: Handovers,
        traffic: Traffic,
        clock: Clock,
    ) -> None:
        self._client = client
        self._health = health
        self._handovers = HandoverMeter(handovers)
        self._traffic = traffic
        self._clock = clock

    def observe(self) -> Observation:
        """Read all of it in a few calls; none of them waits for workers or holds them up."""
        workers = self._health.workers()
        waiting = {queue: sum(of.values()) for queue, of in self._health.backlogs().items()}
        leased, parked_or_due, dead_letters = self._count(workers)
        on_the_way = sum(waiting[queue] for queue in _LEASING_QUEUES)
        return Observation(
            at=self._clock.now(),
            waiting=waiting,
            oldest_seconds=self._health.oldest_seconds(),
            unfinished=on_the_way + leased + parked_or_due,
            workers=workers,
            handovers=self._handovers.look(self._traffic.tenants()),
            dead_letters=dead_letters,
        )

    def _count(self, workers: Sequence[WorkerStatus]) -> tuple[int, int, int]:
        """Return messages that workers hold, those that are parked or not due, and dead letters."""
        with queue_errors(), self._client.pipeline(transaction=False) as pipeline:
            for worker in workers:
                if worker.queue in _LEASING_QUEUES:
                    pipeline.hlen(keys.lease(worker.id))
            pipeline.zcard(keys.PARKED)
            pipeline.zcard(keys.SCHEDULED)
            pipeline.llen(keys.DEAD_LETTERS)
            *held, parked, scheduled, dead_letters = cast("list[int]", pipeline.execute())
        return sum(held), parked + scheduled, dead_letters

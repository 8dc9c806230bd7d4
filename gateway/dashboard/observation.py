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
from shared.worker_status import WorkerStatus

_ANSWERING = frozenset((keys.INFERENCE, keys.INFERENCE_LARGE, keys.GENERATION))


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
        clients: Sequence["redis.Redis"],
        health: Health,
        handovers: Handovers,
        traffic: Traffic,
        clock: Clock,
    ) -> None:
        self._clients = clients
        self._health = health
        self._handovers = HandoverMeter(handovers)
        self._traffic = traffic
        self._clock = clock

    def observe(self) -> Observation:
        """Read all of it in a few calls; none of them waits for workers or holds them up."""
        workers = self._health.workers()
        waiting = {queue: sum(of.values()) for queue, of in self._health.backlogs().items()}
        stored = self._health.storage()
        on_the_way = sum(waiting[queue] + stored.quarantined[queue] for queue in _ANSWERING)
        return Observation(
            at=self._clock.now(),
            waiting=waiting,
            oldest_seconds=self._health.oldest_seconds(),
            unfinished=on_the_way + self._held(workers) + stored.parked + stored.scheduled,
            workers=workers,
            handovers=self._handovers.look(self._traffic.tenants()),
            dead_letters=stored.dead_letters,
        )

    def _held(self, workers: Sequence[WorkerStatus]) -> int:
        """Return how many messages workers hold, in all partitions."""
        names = [keys.lease(worker.id) for worker in workers if worker.queue in _ANSWERING]
        return sum(_held_in(client, names) for client in self._clients)


def _held_in(client: "redis.Redis", names: Sequence[str]) -> int:
    with queue_errors(), client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.hlen(name)
        return sum(cast("list[int]", pipeline.execute()))

"""The broker in memory, and what both of its queues do alike; for tests, under one contract."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from shared import keys
from shared.clock import Clock
from shared.jobs import Tone, Turn, WorkerStatus
from shared.wire import peek_id
from workers.consumer.lease_queue import (
    QUARANTINE_AFTER,
    DeadLetter,
    Lease,
    QueueLimits,
    Reclaimed,
)


@dataclass
class MemoryBroker:
    """What Redis would hold. The head of a queue is its right end, as there."""

    queues: dict[str, deque[bytes]] = field(
        default_factory=lambda: {keys.INFERENCE: deque(), keys.SENTIMENT: deque()}
    )
    leases: dict[str, dict[bytes, bytes]] = field(default_factory=dict)
    beats: dict[str, float] = field(default_factory=dict)
    workers: dict[str, str] = field(default_factory=dict)
    lanes: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, deque[tuple[str, bytes]]] = field(default_factory=dict)
    parked: dict[tuple[str, str], float] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    tone_queued: set[str] = field(default_factory=set)
    results: dict[str, bytes] = field(default_factory=dict)
    turns: dict[str, list[Turn]] = field(default_factory=dict)
    phrases: dict[str, list[str]] = field(default_factory=dict)
    tones: dict[str, Tone] = field(default_factory=dict)
    tone_wishes: dict[str, str] = field(default_factory=dict)
    tone_listeners: dict[str, Callable[[str, Tone], None]] = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    quarantine: dict[str, deque[bytes]] = field(
        default_factory=lambda: {queue: deque() for queue in keys.QUEUES}
    )
    exclusive_lease: dict[str, bytes] = field(default_factory=dict)
    redelivered: dict[str, int] = field(default_factory=dict)
    announced: dict[str, list[bytes]] = field(default_factory=dict)
    next_token: int = 0


class MemoryLeaseQueue:
    """One worker's view of one queue in memory."""

    def __init__(
        self, broker: MemoryBroker, queue: str, worker_id: str, clock: Clock, limits: QueueLimits
    ) -> None:
        self.broker = broker
        self._queue = queue
        self._worker_id = worker_id
        self._clock = clock
        self._limits = limits

    def wait(self, timeout_seconds: float) -> None:
        """Return at once: nothing else runs in this process."""

    def lease(self, limit: int) -> list[Lease]:
        """Take up to `limit` messages from the head, oldest first."""
        self.broker.workers.setdefault(self._worker_id, self._queue)
        source, quarantine = self.broker.queues[self._queue], self.broker.quarantine[self._queue]
        if quarantine:
            return [] if self._held() else [self._record(quarantine.pop(), exclusive_lease=True)]
        if self.broker.exclusive_lease.get(self._worker_id) in self._held():
            return []
        return [self._record(source.pop()) for _ in range(min(limit, len(source)))]

    def heartbeat(self, status: WorkerStatus) -> None:
        """Note the time."""
        self.broker.beats[self._worker_id] = self._clock.now()
        self.broker.workers[self._worker_id] = self._queue

    def reclaim_dead(self) -> Reclaimed:
        """Return what workers without a fresh heartbeat held."""
        returned, over_limit = 0, []
        for worker_id, queue in list(self.broker.workers.items()):
            if worker_id != self._worker_id and self._is_dead(worker_id):
                put_back, over = self._take_from(worker_id, queue, self._limits.deliveries)
                returned += put_back
                over_limit += over
        return Reclaimed(returned, tuple(over_limit))

    def release_all(self) -> int:
        """Return all that this worker holds, uncounted."""
        returned, _ = self._take_from(self._worker_id, self._queue, 0)
        self.broker.beats.pop(self._worker_id, None)
        return returned

    def _held(self) -> dict[bytes, bytes]:
        return self.broker.leases.setdefault(self._worker_id, {})

    def _record(self, raw: bytes, *, exclusive_lease: bool = False) -> Lease:
        self.broker.next_token += 1
        token = str(self.broker.next_token).encode()
        self._held()[token] = raw
        if exclusive_lease:
            self.broker.exclusive_lease[self._worker_id] = token
        return Lease(token, raw)

    def _is_dead(self, worker_id: str) -> bool:
        age = self._clock.now() - self.broker.beats.get(worker_id, float("-inf"))
        return age >= self._limits.heartbeat_ttl_seconds

    def _take_from(self, worker_id: str, queue: str, limit: int) -> tuple[int, list[Lease]]:
        held = self.broker.leases.pop(worker_id, {})
        left = dict[bytes, bytes]()
        over_limit = []
        for token in sorted(held, key=int, reverse=True):
            raw = held[token]
            delivery = self._deliveries(raw) + 1 if limit else 0
            if delivery > limit and queue != self._queue:
                left[token] = raw
                continue
            if limit:
                self._count_delivery(raw)
            if delivery > limit:
                over_limit.append(self._record(raw))
            elif delivery >= QUARANTINE_AFTER:
                self.broker.quarantine[queue].append(raw)
            else:
                self.broker.queues[queue].append(raw)
        if left:
            self.broker.leases[worker_id] = left
        return len(held) - len(over_limit) - len(left), over_limit

    def _deliveries(self, raw: bytes) -> int:
        return self.broker.redelivered.get(_name(raw), 0) + 1

    def _count_delivery(self, raw: bytes) -> None:
        self.broker.redelivered[_name(raw)] = self._deliveries(raw)

    def _give_up(self, token: bytes) -> bool:
        return self._held().pop(token, None) is not None


def _name(raw: bytes) -> str:
    return peek_id(raw) or raw.decode(errors="replace")

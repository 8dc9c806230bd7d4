"""What tests of the drain's queue see of the broker, in memory or in Redis, and put there."""

from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import redis

from shared import keys
from shared.jobs import ChatJob, JobState, Turn, WorkerStatus
from shared.results import JobRecord, read_celery_result
from shared.wire import encode_infer
from tests.fakes.clock import ManualClock
from workers.consumer.lease_queue import (
    Arrival,
    Completion,
    DeadLetter,
    InferenceQueue,
    Lease,
    QueueLimits,
    SentimentQueue,
)
from workers.consumer.memory_lease import MemoryBroker
from workers.consumer.memory_queue import MemoryInferenceQueue, MemorySentimentQueue
from workers.consumer.redis_queue import RedisInferenceQueue, RedisSentimentQueue

NOW = 1_700_000_000.0
LIMITS = QueueLimits(deliveries=2, turns=4)


class Bench(Protocol):
    """What a test sees of the broker, whichever holds the queue."""

    clock: ManualClock

    def push(self, queue: str, raw: bytes) -> None: ...
    def waiting(self, queue: str) -> list[bytes]: ...
    def result(self, job_id: str) -> JobRecord | None: ...
    def turns(self, conversation: str) -> list[str]: ...
    def dead(self) -> list[DeadLetter]: ...
    def kill(self, worker_id: str) -> None: ...
    def inference(self, worker_id: str, limits: QueueLimits = LIMITS) -> InferenceQueue: ...
    def sentiment(self, worker_id: str) -> SentimentQueue: ...


@dataclass
class MemoryBench:
    broker: MemoryBroker = field(default_factory=MemoryBroker)
    clock: ManualClock = field(default_factory=ManualClock)

    def push(self, queue: str, raw: bytes) -> None:
        self.broker.queues[queue].appendleft(raw)

    def waiting(self, queue: str) -> list[bytes]:
        return list(reversed(self.broker.queues[queue]))

    def result(self, job_id: str) -> JobRecord | None:
        stored = self.broker.results.get(job_id)
        return read_celery_result(stored) if stored else None

    def turns(self, conversation: str) -> list[str]:
        return [turn.text for turn in self.broker.turns.get(conversation, [])]

    def dead(self) -> list[DeadLetter]:
        return self.broker.dead_letters

    def kill(self, worker_id: str) -> None:
        self.broker.beats.pop(worker_id)

    def inference(self, worker_id: str, limits: QueueLimits = LIMITS) -> InferenceQueue:
        return MemoryInferenceQueue(self.broker, worker_id, self.clock, limits)

    def sentiment(self, worker_id: str) -> SentimentQueue:
        return MemorySentimentQueue(self.broker, worker_id, self.clock, LIMITS)


@dataclass
class RedisBench:
    url: str
    client: redis.Redis
    clock: ManualClock = field(default_factory=ManualClock)

    def push(self, queue: str, raw: bytes) -> None:
        self.client.lpush(queue, raw)

    def waiting(self, queue: str) -> list[bytes]:
        found: list[bytes] = self.client.lrange(queue, 0, -1)  # type: ignore[assignment]
        return list(reversed(found))

    def result(self, job_id: str) -> JobRecord | None:
        stored: bytes | None = self.client.get(keys.result(job_id))  # type: ignore[assignment]
        return read_celery_result(stored) if stored else None

    def turns(self, conversation: str) -> list[str]:
        found: list[bytes] = self.client.lrange(keys.turns(conversation), 0, -1)  # type: ignore[assignment]
        return [msgspec.json.decode(turn, type=Turn).text for turn in found]

    def dead(self) -> list[DeadLetter]:
        found: list[bytes] = self.client.lrange(keys.DEAD_LETTERS, 0, -1)  # type: ignore[assignment]
        return [msgspec.json.decode(letter, type=DeadLetter) for letter in found]

    def kill(self, worker_id: str) -> None:
        self.client.delete(keys.worker(worker_id))

    def inference(self, worker_id: str, limits: QueueLimits = LIMITS) -> InferenceQueue:
        return RedisInferenceQueue(self.url, worker_id, self.clock, limits)

    def sentiment(self, worker_id: str) -> SentimentQueue:
        return RedisSentimentQueue(self.url, worker_id, self.clock, LIMITS)


def job(name: str, conversation: str | None = None, gateway: str | None = None) -> ChatJob:
    return ChatJob(name, f"text of {name}", conversation or f"c-{name}", NOW, gateway=gateway)


def push(bench: Bench, *jobs: ChatJob) -> None:
    for each in jobs:
        bench.push(keys.INFERENCE, encode_infer(each))


def begin(queue: InferenceQueue, lease: Lease, each: ChatJob, *, external: bool = True) -> str:
    arrival = Arrival(lease.token, each, external)
    return queue.start([arrival])[0].verdict


def done(lease: Lease, each: ChatJob, state: JobState = "done") -> Completion:
    return Completion(
        lease.token,
        each.id,
        state,
        b'{"response":"r"}',
        NOW,
        conversation_id=each.conversation_id,
        gateway=each.gateway,
        turns=(Turn("user", f"q {each.id}", each.id, NOW), Turn("assistant", "r", each.id, NOW)),
        phrases=(f"p-{each.id}",),
    )


def status(worker_id: str, queue: str = keys.INFERENCE) -> WorkerStatus:
    return WorkerStatus(worker_id, queue, "litert-int8", 1, "host", NOW)


def kill_with_lease(bench: Bench) -> None:
    worker = bench.inference("dead")
    worker.heartbeat(status("dead"))
    assert len(worker.lease(1)) == 1
    bench.kill("dead")

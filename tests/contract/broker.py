"""What tests of the queues see of Redis, and put there."""

from dataclasses import dataclass, field, replace

import msgspec
import redis

from shared import keys, tenants
from shared.connection import connect
from shared.jobs import Answer, ChatJob, JobState, Reply, Timings, Tone, ToneJob, Turn
from shared.partition_connection import view_of_server
from shared.results import Failure, JobRecord, read_celery_result
from shared.wire import encode_infer
from shared.worker_status import WorkerStatus
from tests.fakes.clock import ManualClock
from workers.consumer.chat_result import ChatResult
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import Completion, DeadLetter, Lease, LeasedJob, QueuePolicy
from workers.consumer.redis_generation_queue import RedisGenerationQueue
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.consumer.redis_sentiment_queue import RedisSentimentQueue

NOW = 1_700_000_000.0
POLICY = QueuePolicy(deliveries=2, turns=4)
ANSWER = Answer("answer", "entry", 0.9)
TIMINGS = Timings(0, 0, 0, 0, 0)


@dataclass
class Broker:
    """The session's Redis, and the queues of workers over it."""

    url: str
    client: redis.Redis
    clock: ManualClock = field(default_factory=ManualClock)
    prefix: str = ""

    def connect(self) -> redis.Redis:
        """Return another client of the same partition."""
        if not self.prefix:
            return connect(self.url)
        return view_of_server(self.url, self.prefix, timeout_seconds=2, retries=1)

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

    def inference(self, worker_id: str, policy: QueuePolicy = POLICY) -> RedisInferenceQueue:
        return RedisInferenceQueue(self.connect(), self.context(worker_id), policy)

    def large(
        self, worker_id: str, pace_seconds: float | None = 0.01, turnaround_seconds: float = 0.0
    ) -> RedisInferenceQueue:
        """Return the queue of a large worker; it lives if it has a pace."""
        queue = RedisInferenceQueue(
            self.connect(), self.context(worker_id), POLICY, keys.INFERENCE_LARGE
        )
        if pace_seconds is not None:
            counters = {"pace_seconds": pace_seconds, "turnaround_seconds": turnaround_seconds}
            beat = replace(status(worker_id, keys.INFERENCE_LARGE), counters=counters)
            queue.heartbeat(beat)
        return queue

    def generation(
        self, worker_id: str, pace_seconds: float | None = 0.01, policy: QueuePolicy = POLICY
    ) -> RedisGenerationQueue:
        """Return the queue of a generation worker; its heartbeat tells the pace, if it has one."""
        queue = RedisGenerationQueue(self.connect(), self.context(worker_id), policy)
        counters = {} if pace_seconds is None else {"pace_seconds": pace_seconds}
        queue.heartbeat(replace(status(worker_id, keys.GENERATION), counters=counters))
        return queue

    def sentiment(self, worker_id: str) -> RedisSentimentQueue:
        return RedisSentimentQueue(self.connect(), self.context(worker_id), POLICY)

    def context(self, worker_id: str) -> WorkerContext:
        return WorkerContext(worker_id, clock=self.clock)


def job(name: str, conversation: str | None = None, gateway: str | None = None) -> ChatJob:
    return ChatJob(name, f"text of {name}", conversation or f"c-{name}", NOW, gateway=gateway)


def push(broker: Broker, *jobs: ChatJob) -> None:
    for each in jobs:
        broker.push(keys.INFERENCE, encode_infer(each))


def claim(queue: RedisInferenceQueue, lease: Lease, each: ChatJob) -> str:
    return queue.claim([LeasedJob(lease, each)])[0].verdict


def start(broker: Broker, worker: RedisInferenceQueue, *jobs: ChatJob) -> list[Lease]:
    """Let a worker lease and claim jobs whose hashes are there, as enqueued ones' are."""
    push(broker, *jobs)
    for each in jobs:
        broker.client.hset(keys.job(each.id), "conversation", each.conversation_id)
    leases = worker.lease(len(jobs))
    verdicts = [claim(worker, lease, each) for lease, each in zip(leases, jobs, strict=True)]
    assert verdicts == ["run"] * len(jobs)
    return leases


def done(lease: Lease, each: ChatJob, state: JobState = "done") -> Completion[ChatJob, ChatResult]:
    tone = Tone("neutral", 0.8)
    job_id, conversation_id = tenants.local(each.id), tenants.local(each.conversation_id)
    reply = Reply("r", job_id, conversation_id, tone, ANSWER, TIMINGS, "test")
    return Completion(
        lease=lease,
        job=each,
        task_id=each.id,
        done_at=NOW,
        result=ChatResult(reply, f"d-{each.id}".encode()) if state == "done" else None,
        failure=None if state == "done" else Failure(state, "It failed."),
    )


def toned(lease: Lease, job_id: str, tone: Tone | None) -> Completion[ToneJob, Tone]:
    each = ToneJob(job_id, f"tone-{job_id}", "text")
    return Completion(lease=lease, job=each, task_id=each.task_id, done_at=NOW, result=tone)


def status(worker_id: str, queue: str = keys.INFERENCE) -> WorkerStatus:
    return WorkerStatus(worker_id, queue, "litert-int8", 1, "host", NOW)


def kill_with_lease(broker: Broker) -> None:
    worker = broker.inference("dead")
    worker.heartbeat(status("dead"))
    assert len(worker.lease(1)) == 1
    broker.kill("dead")

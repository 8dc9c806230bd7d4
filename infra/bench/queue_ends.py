"""The two ends of the queue with nothing behind them: a publisher, and a consumer without a model.

    python -m infra.bench.queue_ends publish|consume REDIS_URL SECONDS

The publisher prints `going` and keeps the queue filled until it is ended. The consumer prints
`going` at full speed, and at the end of its window what it did.
"""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import numpy as np

from gateway.queue.publisher import EnqueueOutcome, EnqueueRequest, Queued, RedisPublisher
from gateway.settings import GatewaySettings
from gateway.wsgi import enqueue_limits
from infra.bench.queue_alone import ConsumedTotals
from shared import keys, wire
from shared.clock import SystemClock
from shared.connection import connect
from shared.jobs import Answer, ChatJob, Reply, Timings, Tone
from shared.settings import load
from workers.consumer.batching import BatchLimits
from workers.consumer.chat_result import ChatResult
from workers.consumer.consumer import BatchConsumer
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import ClaimedJob, QueuePolicy
from workers.consumer.linger import NoLinger
from workers.consumer.options import ConsumerOptions
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.consumer.role import Draft, Role
from workers.engines.cost import CostModel
from workers.engines.engine import Encoded, Engine, Shape, TokenBatch
from workers.preprocessing.preprocessor import Prepared

_BATCH = 64
_AT_ONCE = 256
_BACKLOG = 2_000
_WARM_SECONDS = 2.0
_TEXT = "Where is my parcel? It should have been here two days ago."


class NoEngine:
    """Return zeros for each row at once."""

    name, dimension, gives_early = "none", 1, False
    shapes = (Shape(1, 1),)
    cost = CostModel(0.0, 0.0)

    def warm(self) -> None:
        """Do nothing."""

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return their sum."""
        return sum(lengths)

    def run(self, batch: TokenBatch) -> Encoded:
        """Return zeros."""
        return Encoded(np.zeros((len(batch.lengths), 1), np.float32))


def _two_tokens(claimed: Sequence[ClaimedJob[ChatJob]]) -> list[tuple[Prepared, ...]]:
    return [(Prepared(each.job.message, (101, 102), truncated=False),) for each in claimed]


def _echo(batch: BatchResult[ChatJob]) -> list[Draft[ChatResult]]:
    return [Draft(partial(_repeat, prepared.job)) for prepared in batch.jobs]


def _repeat(job: ChatJob, tone: Tone, _now: float) -> ChatResult:
    answer, timings = Answer("answer", "echo", 1.0), Timings(0, 0, 0, 0, 0)
    return ChatResult(
        Reply(job.message, job.id, job.conversation_id, tone, answer, timings, "none")
    )


def publish(url: str, seconds: float) -> None:
    """Keep the queue filled as one gateway does."""
    clock = SystemClock()
    limits = enqueue_limits(load(GatewaySettings))
    publisher = RedisPublisher(connect(url), limits)
    print("going", flush=True)
    deadline = time.monotonic() + 3 * seconds
    while time.monotonic() < deadline:
        if _post_together(publisher, clock) > _BACKLOG:
            time.sleep(0.01)


def _post_together(publisher: RedisPublisher, clock: SystemClock) -> int:
    """Publish some jobs at once; return how many messages wait then."""
    outcomes: list[EnqueueOutcome | Exception] = []
    settled = threading.Semaphore(0)

    def settle(outcome: EnqueueOutcome | Exception) -> None:
        outcomes.append(outcome)
        settled.release()

    now = clock.now()
    for _ in range(_AT_ONCE):
        job_id = wire.new_job_id()
        job = ChatJob(job_id, _TEXT, job_id, now, expires_at=now + 60)
        publisher.post(EnqueueRequest.of(job), settle)
    for _ in range(_AT_ONCE):
        settled.acquire()
    return max(one.position if isinstance(one, Queued) else _BACKLOG + 1 for one in outcomes)


def consume(url: str, seconds: float) -> ConsumedTotals:
    """Consume as an inference worker does; count what was completed in the window."""
    context = WorkerContext("queue-alone")
    consumer = build_consumer(url, context)
    consumer.start()
    time.sleep(_WARM_SECONDS)
    before, began = context.counters.snapshot(), time.monotonic()
    print("going", flush=True)
    time.sleep(seconds)
    after, elapsed = context.counters.snapshot(), time.monotonic() - began
    consumer.stop()

    def gained(name: str) -> int:
        return int(after.get(name, 0) - before.get(name, 0))

    return ConsumedTotals(gained("answered"), gained("batches"), elapsed)


def build_consumer(
    url: str, context: WorkerContext, engine: Engine | None = None, batch: int = _BATCH
) -> BatchConsumer[ChatJob, ChatResult]:
    """Put the real consumer together around nothing, or around an engine whose word is unused."""
    queue = RedisInferenceQueue(connect(url), context, QueuePolicy())
    role = Role(
        queue=keys.INFERENCE,
        task=keys.INFER_TASK,
        decode=wire.read_chat_job,
        prepare=_two_tokens,
        draft=_echo,
        tones=queue,
    )
    options = ConsumerOptions(BatchLimits(batch, 100 * batch), NoLinger())
    return BatchConsumer(context, role, queue, engine or NoEngine(), options)


ENDS: dict[str, Callable[[str, float], ConsumedTotals | None]] = {
    "publish": publish,
    "consume": consume,
}

if __name__ == "__main__":
    role, redis_url, window = sys.argv[1:]
    done = ENDS[role](redis_url, float(window))
    if done:
        print(msgspec.json.encode(done).decode(), flush=True)

"""The two ends of the queue with nothing behind them: a publisher, and a consumer without a model.

    python -m infra.bench.queue_ends publish|consume REDIS_URL SECONDS

The publisher prints `going` and keeps the queue filled until it is ended. The consumer prints
`going` at full speed, and at the end of its window what it did.
"""

import sys
import threading
import time
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.queue.publisher import RedisPublisher
from gateway.settings import GatewaySettings
from gateway.wsgi import queue_limits
from infra.bench.queue_alone import ConsumedTotals
from shared import keys, wire
from shared.clock import SystemClock
from shared.connection import connect
from shared.jobs import Answer, ChatJob, Reply, Timings, Tone
from shared.settings import load
from workers.consumer.batching import BatchLimits, Pool
from workers.consumer.complete import ChatCompleter
from workers.consumer.consumer import BatchConsumer, Parts, WorkerIdentity
from workers.consumer.counters import Counters
from workers.consumer.draft import Draft
from workers.consumer.fetch import Fetcher
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import QueueLimits
from workers.consumer.linger import EngineLinger, NoLinger
from workers.consumer.prepare import ChatPreparer, DropPolicy
from workers.consumer.redis_queue import RedisInferenceQueue
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.run import Runner
from workers.consumer.task_events import NoEvents
from workers.engines.cost import CostModel
from workers.engines.engine import Shape, TokenBatch
from workers.preprocessing.preprocessor import Prepared

_BATCH = 64
_AT_ONCE = 256
_BACKLOG = 2_000
_WARM_SECONDS = 2.0
_TEXT = "Where is my parcel? It should have been here two days ago."


class NoEngine:
    """Return zeros for each row at once."""

    name, dimension = "none", 1
    shapes = (Shape(1, 1),)
    cost = CostModel(0.0, 0.0)

    def warm(self) -> None:
        """Do nothing."""

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return their sum."""
        return sum(lengths)

    def run(self, batch: TokenBatch) -> NDArray[np.float32]:
        """Return zeros."""
        return np.zeros((len(batch.lengths), 1), np.float32)


class NoPreprocessing:
    """Take each message as it is."""

    def prepare(self, messages: Sequence[str]) -> list[Prepared]:
        """Return the messages with two token ids each."""
        return [Prepared(message, (101, 102), truncated=False) for message in messages]


class Echo:
    """Answer each message with itself."""

    def draft(self, ran: BatchResult[ChatJob]) -> list[Draft]:
        """Return a finished reply for each."""
        return [_repeat(work.job) for work in ran.works]


def _repeat(job: ChatJob) -> Draft:
    def finish(tone: Tone, _now: float) -> tuple[Reply, tuple[str, ...]]:
        answer, timings = Answer("answer", "echo", 1.0), Timings(0, 0, 0, 0, 0)
        return Reply(job.message, job.id, job.conversation_id, tone, answer, timings, "none"), ()

    return finish


def publish(url: str, seconds: float) -> None:
    """Keep the queue filled as one gateway does."""
    clock = SystemClock()
    limits = queue_limits(load(GatewaySettings))
    publisher = RedisPublisher(connect(url), limits)
    print("going", flush=True)
    deadline = time.monotonic() + 3 * seconds
    while time.monotonic() < deadline:
        if _post_together(publisher, clock) > _BACKLOG:
            time.sleep(0.01)


def _post_together(publisher: RedisPublisher, clock: SystemClock) -> int:
    """Publish some jobs at once; return how many messages wait then."""
    outcomes: list[int | Exception] = []
    settled = threading.Semaphore(0)

    def settle(outcome: int | Exception) -> None:
        outcomes.append(outcome)
        settled.release()

    now = clock.now()
    for _ in range(_AT_ONCE):
        job_id = wire.new_job_id()
        publisher.post(ChatJob(job_id, _TEXT, job_id, now, expires_at=now + 60), settle)
    for _ in range(_AT_ONCE):
        settled.acquire()
    return max(outcome if isinstance(outcome, int) else _BACKLOG + 1 for outcome in outcomes)


def consume(url: str, seconds: float) -> ConsumedTotals:
    """Consume as an inference worker does; count what was completed in the window."""
    running, counters = compose(url)
    running.start()
    time.sleep(_WARM_SECONDS)
    before, began = counters.snapshot(), time.monotonic()
    print("going", flush=True)
    time.sleep(seconds)
    after, elapsed = counters.snapshot(), time.monotonic() - began
    running.stop()

    def gained(name: str) -> int:
        return int(after.get(name, 0) - before.get(name, 0))

    return ConsumedTotals(gained("answered"), gained("batches"), elapsed)


def compose(url: str) -> tuple[BatchConsumer[ChatJob], Counters]:
    """Build the real consumer around components that do nothing."""
    clock, counters, events, stopping = SystemClock(), Counters(), NoEvents(), threading.Event()
    queue = RedisInferenceQueue(url, "queue-alone", clock, QueueLimits())
    retry_policy = RetryPolicy(stopping)
    pool: Pool[ChatJob] = Pool(BatchLimits(_BATCH, 100 * _BATCH), 2 * _BATCH)
    judge = DropPolicy(_never, clock)
    return BatchConsumer(
        Parts(
            identity=WorkerIdentity("queue-alone", keys.INFERENCE, "none", clock.now()),
            queue=queue,
            pool=pool,
            fetcher=Fetcher(queue, pool, NoLinger()),
            pace=EngineLinger(clock, CostModel(0.0, 0.0)),
            preparer=ChatPreparer(queue, NoPreprocessing(), judge, events, counters, retry_policy),
            runner=Runner(NoEngine(), clock),
            completer=ChatCompleter(queue, Echo(), events, counters, retry_policy, clock),
            events=events,
            counters=counters,
            retry_policy=retry_policy,
            clock=clock,
            stopping=stopping,
            gauges=dict,
        )
    ), counters


def _never(_task_id: str) -> bool:
    return False


ENDS: dict[str, Callable[[str, float], ConsumedTotals | None]] = {
    "publish": publish,
    "consume": consume,
}

if __name__ == "__main__":
    role, redis_url, window = sys.argv[1:]
    done = ENDS[role](redis_url, float(window))
    if done:
        print(msgspec.json.encode(done).decode(), flush=True)

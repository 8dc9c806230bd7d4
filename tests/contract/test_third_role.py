"""A role is one file: this one shouts. It is leased, prepared, run and ended like any other."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from celery import Celery

from shared.jobs import Tone, ToneJob
from shared.wire import encode_tone, read_tone_job
from tests.contract.broker import Broker, job
from tests.fakes.consumer import POISON
from tests.support.processes import wait_until
from workers.consumer.batching import BatchLimits
from workers.consumer.bootstep import build_consumers
from workers.consumer.consumer import BatchConsumer, ConsumerOptions
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import Completion, CompletionVerdict, QueuePolicy
from workers.consumer.redis_lease_queue import RedisLeaseQueue
from workers.consumer.role import Draft, Role
from workers.engines.simulated import SimulatedEngine
from workers.preprocessing.preprocessor import Prepared

SHOUTING = "shouting"
POLICY = QueuePolicy(deliveries=2)


class RedisShoutingQueue(RedisLeaseQueue[ToneJob, str]):
    """The queue of messages to shout; all that is its own is how a result is stored."""

    def complete(self, completions: Sequence[Completion[ToneJob, str]]) -> list[CompletionVerdict]:
        """Store each shout under its task's id."""
        return [self._retry.until_stopped(self._store, each) for each in completions]

    def _store(self, completion: Completion[ToneJob, str]) -> CompletionVerdict:
        if not self._redis.hdel(self._lease_key, completion.lease.token.decode()):
            return "lost"
        self._redis.set(f"shout:{completion.task_id}", completion.result or "—", ex=60)
        return "applied"


def prepare(messages: Sequence[str]) -> list[Prepared]:
    return [Prepared(text, (POISON,) * 3, False) for text in messages]


def draft(batch: BatchResult[ToneJob]) -> list[Draft[str]]:
    assert np.isfinite(batch.vectors).all()
    return [partial(_shout, each.job.message) for each in batch.jobs]


def _shout(message: str, _tone: Tone, _now: float) -> str:
    return message.upper()


def build_shouting_consumer(app: Celery, hostname: str) -> BatchConsumer[ToneJob, str]:
    """Build the worker's consumer; the application's settings name this function."""
    context = WorkerContext(f"{hostname}.1")
    queue = RedisShoutingQueue(app.conf.broker_url, SHOUTING, context, POLICY)
    role = Role(SHOUTING, "chat.tone", read_tone_job, prepare, draft)
    engine = SimulatedEngine(base_seconds=0.0)
    engine.warm()
    return BatchConsumer(context, role, queue, engine, ConsumerOptions(BatchLimits(8, 1_024)))


def test_a_third_role_needs_one_file_and_one_line_of_configuration(broker: Broker) -> None:
    app = Celery("test", broker=broker.url, set_as_current=False)
    app.conf.parley_consumers = {SHOUTING: f"{__name__}:build_shouting_consumer"}
    app.amqp.queues.select([SHOUTING])
    worker = type("Worker", (), {"app": app, "hostname": "shouter@here"})
    (consumer,) = build_consumers(worker)
    consumer.start()
    for name in ("a", "b"):
        broker.push(SHOUTING, encode_tone(job(name)))
    broker.push(SHOUTING, b"not a task")
    wait_until(lambda: len(broker.client.keys("shout:*")) == 3, 20)
    consumer.stop()
    assert broker.client.get("shout:tone-a") == b"TEXT OF A"
    assert broker.client.hlen("parley:lease:shouter@here.1") == 0

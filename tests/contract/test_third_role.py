"""A role is one file: this one shouts. It is leased, prepared, run and ended like any other."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import numpy as np
from celery import Celery

from shared import keys
from shared.connection import connect
from shared.jobs import Tone, ToneJob
from shared.wire import encode_tone, read_tone_job
from tests.contract.broker import Broker, job
from tests.support.processes import wait_until
from workers.consumer.batching import BatchLimits
from workers.consumer.bootstep import RunningConsumer, build_consumers
from workers.consumer.consumer import BatchConsumer
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import ClaimedJob, Completion, CompletionVerdict, QueuePolicy
from workers.consumer.options import ConsumerOptions
from workers.consumer.redis_lease_queue import RedisLeaseQueue, encode_dead_letter
from workers.consumer.role import Draft, Role
from workers.engines.simulated import SimulatedEngine
from workers.preprocessing.preprocessor import Prepared

SHOUTING = "shouting"
POLICY = QueuePolicy(deliveries=2)
# What a script in shared/lua would hold: all effects of a batch in one atomic step.
STORE = """
local leases, dead_letters = unpack(KEYS)
local verdicts = {}
for i = 1, #ARGV, 4 do
  local token, id, shout, letter = unpack(ARGV, i, i + 3)
  local held = redis.call('HDEL', leases, token) == 1
  if held and letter ~= '' then redis.call('LPUSH', dead_letters, letter) end
  if held and shout ~= '' then redis.call('SET', 'shout:' .. id, shout, 'EX', 60) end
  verdicts[#verdicts + 1] = held and 'applied' or 'lost'
end
return verdicts
"""


class RedisShoutingQueue(RedisLeaseQueue[ToneJob, str]):
    """The queue of messages to shout; all that is its own is how a result is stored."""

    def complete(self, completions: Sequence[Completion[ToneJob, str]]) -> list[CompletionVerdict]:
        """Store each shout under its task's id."""
        script = cast("Callable[..., list[bytes]]", self._redis.register_script(STORE))
        arguments = [
            part
            for end in completions
            for part in (
                end.lease.token,
                end.task_id or "",
                end.result or "",
                encode_dead_letter(end.dead_letter),
            )
        ]
        verdicts = self._retry.until_stopped(
            script, keys=[self._lease_key, keys.DEAD_LETTERS], args=arguments
        )
        return [cast("CompletionVerdict", verdict.decode()) for verdict in verdicts]


def prepare(claimed: Sequence[ClaimedJob[ToneJob]]) -> list[tuple[Prepared, ...]]:
    return [(Prepared(each.job.message, (101, 7, 102), False),) for each in claimed]


def draft(batch: BatchResult[ToneJob]) -> list[Draft[str]]:
    assert np.isfinite(batch.vectors).all()
    return [Draft(partial(_shout, each.job.message)) for each in batch.jobs]


def _shout(message: str, _tone: Tone, _now: float) -> str:
    return message.upper()


def build_shouting_consumer(app: Celery, hostname: str) -> BatchConsumer[ToneJob, str]:
    """Build the worker's consumer; the application's settings name this function."""
    context = WorkerContext(f"{hostname}.1")
    queue = RedisShoutingQueue(connect(app.conf.broker_url), SHOUTING, context, POLICY)
    role = Role(SHOUTING, "chat.tone", read_tone_job, prepare, draft)
    engine = SimulatedEngine(base_seconds=0.0)
    engine.warm()
    return BatchConsumer(context, role, queue, engine, ConsumerOptions(BatchLimits(8, 1_024)))


def build(broker: Broker) -> RunningConsumer:
    """Build the consumer as a Celery worker does that serves this queue alone."""
    app = Celery("test", broker=broker.url, set_as_current=False)
    app.conf.parley_consumers = {SHOUTING: f"{__name__}:build_shouting_consumer"}
    app.amqp.queues.select([SHOUTING])
    worker = type("Worker", (), {"app": app, "hostname": "shouter@here"})
    ended = threading.Event()
    ended.set()
    return build_consumers(worker, ended)[SHOUTING]


def test_a_third_role_needs_one_file_and_one_line_of_configuration(broker: Broker) -> None:
    dead = RedisShoutingQueue(connect(broker.url), SHOUTING, broker.context("dead"), POLICY)
    broker.push(SHOUTING, encode_tone(job("taken")))
    assert len(dead.lease(1)) == 1
    broker.push(SHOUTING, encode_tone(job("a")))
    broker.push(SHOUTING, b"not a task")
    consumer = build(broker)
    consumer.start()
    wait_until(lambda: len(broker.client.keys("shout:*")) == 2 and broker.dead() != [], 20)
    consumer.stop()
    assert broker.client.get("shout:tone-a") == b"TEXT OF A"
    assert broker.client.get("shout:tone-taken") == b"TEXT OF TAKEN"
    assert [(letter.queue, letter.raw) for letter in broker.dead()] == [(SHOUTING, b"not a task")]
    assert broker.client.hlen(keys.lease("shouter@here.1")) == 0

"""What Redis has of traces: messages, counts of deliveries, results."""

import pytest

from gateway.queue.publisher import EnqueueRequest, RedisPublisher
from infra.cli.job import describe
from infra.job_trace import JobTracer
from shared import keys
from shared.jobs import ChatJob
from shared.tracing.context import TraceContext
from shared.wire import read_tone_job
from tests.contract.broker import Broker, claim, done, job, push
from tests.support.queue_view import LIMITS

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = TraceContext(TRACE_ID, "b7ad6b7169203331", sampled=True)


def traced(name: str, conversation: str | None = None, *, sampled: bool = True) -> ChatJob:
    return job(name, conversation).traced(TraceContext(TRACE_ID, "b7ad6b7169203331", sampled))


def shown(broker: Broker, job_id: str) -> str | None:
    """Return the trace that `parley job` shows."""
    return dict(describe(JobTracer(broker.client).trace(job_id))).get("trace")


def test_deliveries_are_counted_as_workers_die(broker: Broker) -> None:
    push(broker, job("a"))
    broker.inference("dead").lease(1)
    alive = broker.inference("alive")
    assert alive.deliveries(["a", "b"]) == [1, 1]
    broker.client.set(keys.redelivered("a"), 2)
    assert alive.deliveries(["a", "b"]) == [3, 1]


@pytest.mark.parametrize("sampled", [True, False])
def test_the_trace_of_a_job_is_shown_wherever_it_is_if_it_is_recorded(
    broker: Broker, sampled: bool
) -> None:
    expected = TRACE_ID if sampled else None
    first = traced("first", "talk", sampled=sampled)
    second = traced("second", "talk", sampled=sampled)
    publisher = RedisPublisher(broker.client, LIMITS)
    for each in (first, second):
        publisher.submit(EnqueueRequest.of(each))
    assert [shown(broker, name) for name in ("first", "second")] == [expected] * 2
    worker = broker.inference("w")
    leases = worker.lease(2)
    assert claim(worker, leases[0], first) == "run"
    assert shown(broker, "first") == expected
    worker.complete([done(leases[0], first)])
    assert shown(broker, "first") == expected


def test_the_tone_task_of_a_celery_client_s_message_belongs_to_its_trace(broker: Broker) -> None:
    push(broker, job("a"))
    worker = broker.inference("w")
    (lease,) = worker.lease(1)
    foreign = ChatJob("a", "text", "c-a", 1.0, external=True, trace=SAMPLED)
    assert claim(worker, lease, foreign) == "run"
    (tone,) = broker.waiting(keys.SENTIMENT)
    assert read_tone_job(tone, 0.0).trace == SAMPLED

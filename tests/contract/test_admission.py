"""Who is let in: no more than can be answered in time, at the rate of all workers together."""

import time
from collections.abc import Callable

import pytest
import redis

from gateway.queue.publisher import QueueLimits, RedisPublisher
from shared import keys
from shared.clock import ManualClock
from shared.errors import AdmissionRefused
from shared.jobs import ChatJob
from shared.wire import read_chat_job
from tests.contract.broker import claim, done
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import QueuePolicy
from workers.consumer.redis_inference_queue import RedisInferenceQueue

LIMITS = QueueLimits(messages=20, job_ttl_seconds=60, lane_ttl_seconds=90, longest_wait_seconds=0.5)
Drain = Callable[[int], int]


@pytest.fixture
def publisher(redis_client: "redis.Redis") -> RedisPublisher:
    return RedisPublisher(redis_client, LIMITS)


@pytest.fixture
def drain(redis_url: str) -> Drain:
    context = WorkerContext("w", clock=ManualClock())
    queue = RedisInferenceQueue(redis_url, context, QueuePolicy())

    def drain(most: int) -> int:
        leased = [(lease, read_chat_job(lease.raw, 0.0)) for lease in queue.lease(most)]
        for lease, job in leased:
            claim(queue, lease, job)
        return len(queue.complete([done(lease, job) for lease, job in leased]))

    return drain


def saw(client: "redis.Redis", per_second: float, *, ago_seconds: float = 0, busy: int = 1) -> None:
    """Let Redis have seen workers answer at a rate until so long ago."""
    at = time.time() - ago_seconds
    seen = {"at": at, "busy": busy, "jobs": 10 * per_second, "seconds": 10}
    client.hset(keys.THROUGHPUT, mapping=seen)  # type: ignore[arg-type]


def publish(publisher: RedisPublisher, *names: str) -> None:
    for name in names:
        publisher.publish(ChatJob(name, "Hello", name, 1_700_000_000.0))


def numbered(count: int, prefix: str = "job") -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


def test_while_nobody_knows_the_rate_the_queue_is_filled(publisher: RedisPublisher) -> None:
    publish(publisher, *numbered(20))

    with pytest.raises(AdmissionRefused) as refused:
        publish(publisher, "more")

    assert refused.value.retry_after_seconds == LIMITS.longest_retry_seconds


def test_no_more_are_let_in_than_are_answered_in_time(
    publisher: RedisPublisher, redis_client: "redis.Redis"
) -> None:
    saw(redis_client, per_second=10)
    publish(publisher, *numbered(4))  # 0.5 s at 10 a second: five, and the rate fades meanwhile

    with pytest.raises(AdmissionRefused):
        publish(publisher, *numbered(2, "late"))


def test_an_empty_queue_lets_in_whatever_the_rate_was(
    publisher: RedisPublisher, redis_client: "redis.Redis"
) -> None:
    saw(redis_client, per_second=10, ago_seconds=86_400)

    publish(publisher, "a")

    with pytest.raises(AdmissionRefused):
        publish(publisher, "b")


def test_an_idle_minute_does_not_slow_the_rate(
    publisher: RedisPublisher, redis_client: "redis.Redis"
) -> None:
    saw(redis_client, per_second=31, ago_seconds=50, busy=0)

    publish(publisher, *numbered(15))  # 15.5 in time; 30 would make 15 or, rounded, 14.999…
    with pytest.raises(AdmissionRefused) as refused:
        publish(publisher, "more")

    assert refused.value.retry_after_seconds == 1  # (15 - 15 / 2) / 31, at least a second


def test_after_a_quiet_hour_nothing_is_known(
    publisher: RedisPublisher, redis_client: "redis.Redis"
) -> None:
    saw(redis_client, per_second=2, ago_seconds=3_600, busy=0)

    publish(publisher, *numbered(20))

    assert redis_client.llen(keys.INFERENCE) == 20


def test_a_halt_slows_the_rate_only_while_it_lasts(
    publisher: RedisPublisher, redis_client: "redis.Redis", drain: Drain
) -> None:
    publish(publisher, *numbered(8))
    saw(redis_client, per_second=30, ago_seconds=3_600)
    with pytest.raises(AdmissionRefused):
        publish(publisher, "meanwhile")

    drain(4)

    publish(publisher, *numbered(6, "later"))  # 0.5 s at 27 a second, four of them wait already


def test_those_who_wait_behind_others_count(publisher: RedisPublisher) -> None:
    for name in numbered(20):
        publisher.publish(ChatJob(name, "Hello", "talk", 1_700_000_000.0))

    with pytest.raises(AdmissionRefused):
        publish(publisher, "more")


def test_the_rate_is_what_workers_answer_while_others_wait(
    publisher: RedisPublisher, redis_client: "redis.Redis", drain: Drain
) -> None:
    publish(publisher, *numbered(12))
    drain(4)
    before = time.monotonic()
    redis_client.hincrbyfloat(keys.THROUGHPUT, "at", -1.5)
    drain(4)
    elapsed = 1.5 + time.monotonic() - before
    measured = float(redis_client.hget(keys.THROUGHPUT, "seconds") or 0)
    jobs = float(redis_client.hget(keys.THROUGHPUT, "jobs") or 0)

    assert measured == pytest.approx(elapsed, rel=0.2)
    assert jobs == pytest.approx(4, rel=0.01)
    drain(4)
    assert redis_client.hget(keys.THROUGHPUT, "busy") == b"0"
    publish(publisher, "alone")
    drain(1)
    jobs_now = float(redis_client.hget(keys.THROUGHPUT, "jobs") or 0)
    assert jobs_now <= jobs + 4  # the last one was alone


def test_clients_that_obey_retry_after_are_served(
    publisher: RedisPublisher, redis_client: "redis.Redis", drain: Drain
) -> None:
    per_second, rounds = 30, 0
    clients = numbered(60)
    while clients:
        rounds += 1
        saw(redis_client, per_second=per_second)
        refused, seconds = [], 0.0
        for name in clients:
            try:
                publish(publisher, name)
            except AdmissionRefused as refusal:
                refused.append(name)
                seconds = max(seconds, refusal.retry_after_seconds)
        assert len(refused) <= max(0, len(clients) - 7), "who came back was not let in"
        drain(int(seconds * per_second))
        clients = refused

    assert rounds <= 8

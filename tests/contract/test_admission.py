"""Admission: no more than can be answered in time, at the rate of all workers together."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
import redis

from gateway.queue.publisher import EnqueueLimits, RedisPublisher
from shared import keys, tenants
from shared.connection import connect
from shared.errors import AdmissionRefused, ConversationBusy
from shared.jobs import ChatJob
from shared.wire import read_chat_job
from tests.contract.broker import claim, done
from tests.fakes.clock import ManualClock
from tests.support.queue_view import publish
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import QueuePolicy
from workers.consumer.redis_inference_queue import RedisInferenceQueue

LIMITS = EnqueueLimits(messages=20, job_ttl_seconds=60, lane_ttl_seconds=90, max_wait_seconds=0.5)
AnswerBatch = Callable[[int], int]


@pytest.fixture
def publisher(redis_client: "redis.Redis") -> RedisPublisher:
    return RedisPublisher(redis_client, LIMITS)


@pytest.fixture
def answer(redis_url: str) -> AnswerBatch:
    context = WorkerContext("w", clock=ManualClock())
    queue = RedisInferenceQueue(connect(redis_url), context, QueuePolicy())

    def answer(most: int) -> int:
        leased = [(lease, read_chat_job(lease.raw, 0.0)) for lease in queue.lease(most)]
        for lease, job in leased:
            claim(queue, lease, job)
        return len(queue.complete([done(lease, job) for lease, job in leased]))

    return answer


def record_rate(
    client: "redis.Redis", per_second: float, *, ago_seconds: float = 0, busy: int = 1
) -> None:
    """Record in Redis that workers answered at a rate until `ago_seconds` ago."""
    at = time.time() - ago_seconds
    seen = {"at": at, "busy": busy, "jobs": 10 * per_second, "seconds": 10}
    client.hset(keys.THROUGHPUT, mapping=seen)  # type: ignore[arg-type]


def publish_all(publisher: RedisPublisher, *names: str) -> None:
    for name in names:
        publish(publisher, ChatJob(name, "Hello", name, 1_700_000_000.0))


def numbered(count: int, prefix: str = "job") -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


def test_while_the_rate_is_unknown_the_queue_is_filled(publisher: RedisPublisher) -> None:
    publish_all(publisher, *numbered(20))

    with pytest.raises(AdmissionRefused) as refused:
        publish_all(publisher, "more")

    assert refused.value.retry_after_seconds == LIMITS.max_retry_seconds


def test_it_is_heard_what_the_queue_has_room_for(redis_client: "redis.Redis") -> None:
    heard: list[tuple[str, AdmissionRefused | None]] = []

    def hear(tenant: str, refused: AdmissionRefused | None) -> None:
        heard.append((tenant, refused))

    publisher = RedisPublisher(redis_client, replace(LIMITS, messages=2), hear=hear)
    publish_all(publisher, tenants.scope("acme", "a"), tenants.scope("acme", "b"))
    with pytest.raises(AdmissionRefused) as refused:
        publish_all(publisher, tenants.scope("acme", "c"))
    assert heard == [("acme", None), ("acme", None), ("acme", refused.value)]


def test_a_busy_conversation_is_no_want_of_room(redis_client: "redis.Redis") -> None:
    heard: list[AdmissionRefused | None] = []
    limits = replace(LIMITS, messages_per_conversation=1)
    publisher = RedisPublisher(redis_client, limits, hear=lambda _, refused: heard.append(refused))
    for name in ("first", "second"):
        publish(publisher, ChatJob(name, "Hello", "talk", 1_700_000_000.0))
    with pytest.raises(ConversationBusy):
        publish(publisher, ChatJob("third", "Hello", "talk", 1_700_000_000.0))
    assert heard == [None] * 3


def test_no_more_are_let_in_than_are_answered_in_time(
    publisher: RedisPublisher, redis_client: "redis.Redis"
) -> None:
    record_rate(redis_client, per_second=10)
    publish_all(publisher, *numbered(4))  # 0.5 s at 10 a second: five, and the rate fades meanwhile

    with pytest.raises(AdmissionRefused):
        publish_all(publisher, *numbered(2, "late"))


def test_an_empty_queue_lets_in_whatever_the_rate_was(
    publisher: RedisPublisher, redis_client: "redis.Redis"
) -> None:
    record_rate(redis_client, per_second=10, ago_seconds=86_400)

    publish_all(publisher, "a")

    with pytest.raises(AdmissionRefused):
        publish_all(publisher, "b")


def test_an_idle_minute_does_not_slow_the_rate(
    publisher: RedisPublisher, redis_client: "redis.Redis"
) -> None:
    record_rate(redis_client, per_second=31, ago_seconds=50, busy=0)

    publish_all(publisher, *numbered(15))  # 15.5 in time; 30 would make 15 or, rounded, 14.999…
    with pytest.raises(AdmissionRefused) as refused:
        publish_all(publisher, "more")

    assert refused.value.retry_after_seconds == 1  # (15 - 15 / 2) / 31, at least a second


def test_after_a_quiet_hour_nothing_is_known(
    publisher: RedisPublisher, redis_client: "redis.Redis"
) -> None:
    record_rate(redis_client, per_second=2, ago_seconds=3_600, busy=0)

    publish_all(publisher, *numbered(20))

    assert redis_client.llen(keys.INFERENCE) == 20


def test_a_halt_slows_the_rate_only_while_it_lasts(
    publisher: RedisPublisher, redis_client: "redis.Redis", answer: AnswerBatch
) -> None:
    publish_all(publisher, *numbered(8))
    record_rate(redis_client, per_second=30, ago_seconds=3_600)
    with pytest.raises(AdmissionRefused):
        publish_all(publisher, "meanwhile")

    answer(4)

    publish_all(publisher, *numbered(6, "later"))  # 0.5 s at 27 a second, four of them wait already


def test_jobs_that_wait_behind_others_count(publisher: RedisPublisher) -> None:
    for name in numbered(20):
        publish(publisher, ChatJob(name, "Hello", "talk", 1_700_000_000.0))

    with pytest.raises(AdmissionRefused):
        publish_all(publisher, "more")


def test_the_rate_is_what_workers_answer_while_others_wait(
    publisher: RedisPublisher, redis_client: "redis.Redis", answer: AnswerBatch
) -> None:
    publish_all(publisher, *numbered(12))
    answer(4)
    before = time.monotonic()
    redis_client.hincrbyfloat(keys.THROUGHPUT, "at", -1.5)
    answer(4)
    elapsed = 1.5 + time.monotonic() - before
    measured = float(redis_client.hget(keys.THROUGHPUT, "seconds") or 0)
    jobs = float(redis_client.hget(keys.THROUGHPUT, "jobs") or 0)

    assert measured == pytest.approx(elapsed, rel=0.2)
    assert jobs == pytest.approx(4, rel=0.01)
    answer(4)
    assert redis_client.hget(keys.THROUGHPUT, "busy") == b"0"
    publish_all(publisher, "alone")
    answer(1)
    jobs_now = float(redis_client.hget(keys.THROUGHPUT, "jobs") or 0)
    assert jobs_now <= jobs + 4  # the last one was alone


def test_clients_that_obey_retry_after_are_served(
    publisher: RedisPublisher, redis_client: "redis.Redis", answer: AnswerBatch
) -> None:
    per_second, rounds = 30, 0
    clients = numbered(60)
    while clients:
        rounds += 1
        record_rate(redis_client, per_second=per_second)
        refused, seconds = [], 0.0
        for name in clients:
            try:
                publish_all(publisher, name)
            except AdmissionRefused as refusal:
                refused.append(name)
                seconds = max(seconds, refusal.retry_after_seconds)
        assert len(refused) <= max(0, len(clients) - 7), "a client that came back was not let in"
        answer(int(seconds * per_second))
        clients = refused

    assert rounds <= 8

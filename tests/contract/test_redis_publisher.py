"""How the publisher deals with Redis: shared calls, TTLs, scripts, a server in need."""

from dataclasses import replace
from typing import cast

import pytest
import redis

from gateway.idempotency import IdempotencyKey
from gateway.queue.publisher import (
    EnqueueOutcome,
    EnqueueRequest,
    ExistingJob,
    Queued,
    RedisPublisher,
    linger_seconds,
)
from shared import keys, results
from shared.connection import connect
from shared.errors import AdmissionRefused, QueueUnavailable
from tests.support.processes import free_port
from tests.support.queue_view import LIMITS, QueueView, job, publish


def test_one_key_twice_in_one_batch_queues_one_job(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    outcomes: list[EnqueueOutcome | Exception] = []
    for name in ("a", "b", "c"):
        key = None if name == "a" else IdempotencyKey("k", "digest")
        publisher.post(EnqueueRequest.of(job(name), key), outcomes.append)
    publish(publisher, job("d"))

    assert outcomes == [Queued(1), Queued(2), ExistingJob("b", "b")]


def test_a_finished_job_is_not_queued_again(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    redis_client.set(keys.result("a"), results.celery_result("a", "done", b"{}", 1.0))

    publish(publisher, job("a"))

    assert QueueView(redis_client).inference() == []


def test_every_key_of_a_job_runs_out(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    for name in "ab":
        publish(publisher, job(name, "c"), IdempotencyKey(f"key-{name}", "digest"))

    bounded_by_admission = {
        name.encode()
        for name in (keys.INFERENCE, keys.SENTIMENT, keys.PARKED, keys.lane_waiting("c"))
    }
    ttls = {
        key: redis_client.ttl(key)
        for key in cast("list[bytes]", redis_client.keys())
        if key not in bounded_by_admission
    }

    assert ttls == {
        b"parley:job:a": LIMITS.job_ttl_seconds,
        b"parley:job:b": LIMITS.job_ttl_seconds,
        b"parley:idempotency:key-a": LIMITS.job_ttl_seconds,
        b"parley:idempotency:key-b": LIMITS.job_ttl_seconds,
        b"parley:lane:c": LIMITS.lane_ttl_seconds,
    }


def test_one_call_carries_all_that_came_meanwhile(redis_client: "redis.Redis") -> None:
    batches: list[int] = []
    limits = replace(LIMITS, messages=1_000)
    publisher = RedisPublisher(redis_client, limits, batches.append)
    for number in range(200):
        publisher.post(EnqueueRequest.of(job(f"job-{number}")), lambda _outcome: None)
    publish(publisher, job("last"))

    assert sum(batches) == 201
    assert len(batches) < 201
    assert len(QueueView(redis_client).inference()) == 201


def test_a_server_that_forgot_the_script_gets_it_again(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    publish(publisher, job("a"))
    redis_client.script_flush()

    assert publish(publisher, job("b")) == Queued(2)


def test_a_server_without_memory_refuses_and_writes_nothing(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    publish(publisher, job("a"))
    redis_client.config_set("maxmemory", "1")
    try:
        with pytest.raises(QueueUnavailable, match=r"OOM.*could not be written"):
            publish(publisher, job("b"))
    finally:
        redis_client.config_set("maxmemory", "0")

    assert QueueView(redis_client).state("b") is None
    assert publish(publisher, job("b")) == Queued(2)


def test_a_job_that_cannot_be_written_spoils_no_other(redis_client: "redis.Redis") -> None:
    batches: list[int] = []
    publisher = RedisPublisher(redis_client, LIMITS, batches.append)
    redis_client.lpush(keys.lane("spoilt"), "not a lane")
    outcomes: list[EnqueueOutcome | Exception] = []
    for name in ("a", "spoilt", "b"):
        publisher.post(EnqueueRequest.of(job(name)), outcomes.append)

    assert publish(publisher, job("c")) == Queued(3)
    assert outcomes[0] == Queued(1)
    assert isinstance(outcomes[1], QueueUnavailable)
    assert outcomes[2] == Queued(2)


def test_no_server_means_queue_unavailable() -> None:
    client = connect(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=0.5)
    publisher = RedisPublisher(client, LIMITS)

    with pytest.raises(QueueUnavailable, match="Redis"):
        publish(publisher, job("a"))


def test_arrivals_gather_a_little_while_messages_wait(redis_client: "redis.Redis") -> None:
    pauses: list[float] = []
    limits = replace(LIMITS, messages=1_000)
    publisher = RedisPublisher(redis_client, limits, sleep=pauses.append)
    for number in range(30):
        publish(publisher, job(f"job-{number}"))
    publish(publisher, job("last"))

    assert pauses[0] == linger_seconds(1) < pauses[10] == linger_seconds(11)
    assert pauses[25] == linger_seconds(26) == linger_seconds(250) == 0.005
    assert linger_seconds(250) < linger_seconds(500) < linger_seconds(1_000)
    assert linger_seconds(1_000) == linger_seconds(10_000) == 0.02


def test_refusals_for_want_of_room_do_not_end_the_pauses(redis_client: "redis.Redis") -> None:
    pauses: list[float] = []
    publisher = RedisPublisher(redis_client, replace(LIMITS, messages=3), sleep=pauses.append)
    for number in range(3):
        publish(publisher, job(f"job-{number}"))
    for number in range(2):
        with pytest.raises(AdmissionRefused):
            publish(publisher, job(f"refused-{number}"))
    publisher.submit(EnqueueRequest.of(job("job-0")))

    assert pauses[2:5] == [linger_seconds(3)] * 3

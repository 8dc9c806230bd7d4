"""What only the publisher over Redis can show: trips, TTLs, scripts, a server in need."""

from dataclasses import replace
from typing import cast

import pytest
import redis

from gateway.idempotency import IdempotencyKey
from gateway.queue.publisher import RedisPublisher, linger_seconds
from shared import keys, results
from shared.connection import connect
from shared.errors import (
    QueueUnavailable,
    RequestRepeated,
)
from tests.contract.publisher_bench import LIMITS, RedisQueue, job
from tests.processes import free_port


def test_one_key_twice_in_one_trip_queues_one_job(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    heard: list[int | Exception] = []
    for name in ("a", "b", "c"):
        publisher.post(
            job(name), heard.append, None if name == "a" else IdempotencyKey("k", "digest")
        )
    publisher.publish(job("d"))

    assert heard[:2] == [1, 2]
    assert isinstance(heard[2], RequestRepeated)
    assert heard[2].job_id == "b"


def test_a_finished_job_is_not_queued_again(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    redis_client.set(keys.result("a"), results.celery_result("a", "done", b"{}", 1.0))

    publisher.publish(job("a"))

    assert RedisQueue(redis_client).inference() == []


def test_every_key_of_a_job_runs_out(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    for name in "ab":
        publisher.publish(job(name, "c"), IdempotencyKey(f"key-{name}", "digest"))

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


def test_one_trip_carries_all_that_came_meanwhile(redis_client: "redis.Redis") -> None:
    trips: list[int] = []
    limits = replace(LIMITS, messages=1_000)
    publisher = RedisPublisher(redis_client, limits, trips.append)
    for number in range(200):
        publisher.post(job(f"job-{number}"), lambda _outcome: None)
    publisher.publish(job("last"))

    assert sum(trips) == 201
    assert len(trips) < 201
    assert len(RedisQueue(redis_client).inference()) == 201


def test_a_server_that_forgot_the_script_is_told_it_again(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    publisher.publish(job("a"))
    redis_client.script_flush()

    assert publisher.publish(job("b")) == 2


def test_a_server_without_memory_refuses_and_writes_nothing(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    publisher.publish(job("a"))
    redis_client.config_set("maxmemory", "1")
    try:
        with pytest.raises(QueueUnavailable, match="could not write"):
            publisher.publish(job("b"))
    finally:
        redis_client.config_set("maxmemory", "0")

    assert RedisQueue(redis_client).state("b") is None
    assert publisher.publish(job("b")) == 2


def test_a_job_that_cannot_be_written_spoils_no_other(redis_client: "redis.Redis") -> None:
    trips: list[int] = []
    publisher = RedisPublisher(redis_client, LIMITS, trips.append)
    redis_client.lpush(keys.lane("spoilt"), "not a lane")
    heard: list[int | Exception] = []
    for name in ("a", "spoilt", "b"):
        publisher.post(job(name), heard.append)

    assert publisher.publish(job("c")) == 3
    assert heard[0] == 1
    assert isinstance(heard[1], QueueUnavailable)
    assert heard[2] == 2


def test_no_server_means_queue_unavailable() -> None:
    client = connect(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=0.5)
    publisher = RedisPublisher(client, LIMITS)

    with pytest.raises(QueueUnavailable, match="Redis"):
        publisher.publish(job("a"))


def test_arrivals_gather_a_little_where_messages_wait(redis_client: "redis.Redis") -> None:
    rests: list[float] = []
    limits = replace(LIMITS, messages=1_000)
    publisher = RedisPublisher(redis_client, limits, sleep=rests.append)
    for number in range(30):
        publisher.publish(job(f"job-{number}"))
    publisher.publish(job("last"))

    assert rests[0] == linger_seconds(1) < rests[10] == linger_seconds(11)
    assert rests[25] == linger_seconds(10_000) == 0.005

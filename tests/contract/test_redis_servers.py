"""Servers that cannot serve, or no longer: replicas, a cluster's nodes, those that do not write."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
import redis

from gateway.queue.publisher import EnqueueLimits, EnqueueRequest, Queued, RedisPublisher
from shared.connection import MAX_CONNECTIONS, connect, queue_errors
from shared.errors import QueueOutOfRoom, QueueRefuses, QueueUnavailable, UnsuitableRedis
from shared.jobs import ChatJob
from shared.redis_server import MIN_VERSION, check_redis_at_start, examine_server, judge_server
from tests.contract.broker import NOW, Broker, job, push
from tests.support.processes import RedisServer, free_port, wait_until

LIMITS = EnqueueLimits(messages=100, job_ttl_seconds=600, lane_ttl_seconds=120)
MODERN = {"redis_version": "7.2.4", "redis_mode": "standalone", "role": "master"}


@pytest.fixture
def spare(tmp_path: Path) -> Iterator[RedisServer]:
    """Run a Redis of the test's own, whose role and settings it may change."""
    with RedisServer(tmp_path) as server:
        yield server


def test_who_finds_all_connections_in_use_waits_for_one(broker: Broker) -> None:
    with connect(broker.url) as client:
        pool: Any = client.connection_pool
        taken = [pool.get_connection() for _ in range(MAX_CONNECTIONS)]
        with ThreadPoolExecutor(1) as callers:
            answer = callers.submit(client.ping)
            assert not wait([answer], timeout=0.05).done
            pool.release(taken.pop())
            assert answer.result(timeout=2)
        assert client.ping()
        for connection in taken:
            pool.release(connection)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "sentinel://127.0.0.1:1/parley/0"])
def test_no_call_waits_for_a_connection_for_ever(url: str) -> None:
    with connect(url, timeout_seconds=0.02, retries=0) as client:
        pool: Any = client.connection_pool
        for _ in range(MAX_CONNECTIONS + 1):  # a call that fails gives its place back
            with pytest.raises(redis.ConnectionError) as failure:
                client.ping()
            assert "in use" not in str(failure.value)
        for _ in range(MAX_CONNECTIONS):
            pool._unused.acquire()
        with pytest.raises(redis.ConnectionError, match="all 100 connections are in use"):
            client.ping()


def request(name: str) -> EnqueueRequest:
    return EnqueueRequest.of(ChatJob(name, "text", name, NOW, gateway="g"))


def demote(client: redis.Redis) -> None:
    """Make a server a replica, of one that does not answer."""
    client.replicaof("127.0.0.1", 1)
    wait_until(lambda: client.info("replication")["role"] == "slave", 5)


def test_a_master_that_became_a_replica_is_left_and_its_successor_found(
    spare: RedisServer, tmp_path: Path
) -> None:
    """One address for both, as behind a proxy: the connections tell which server is meant."""
    with connect(spare.url) as client, redis.Redis.from_url(spare.url) as admin:
        publisher = RedisPublisher(client, LIMITS)
        assert isinstance(publisher.submit(request("a")), Queued)
        with client.pubsub() as subscription:
            subscription.subscribe("channel")
            subscription.get_message(timeout=1)
            before = client.client_id()
            demote(admin)
            with pytest.raises(QueueUnavailable, match="READONLY: this server is a read-only"):
                publisher.submit(request("b"))
            ids = {int(each["id"]) for each in admin.client_list()}
            assert before not in ids
            assert len(ids) <= 2  # the admin's, and the one that is made anew
            admin.replicaof("NO", "ONE")
            began = time.monotonic()
            assert isinstance(publisher.submit(request("b")), Queued)
            assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("setting", "value", "code", "error"),
    [
        ("min-replicas-to-write", "1", "NOREPLICAS", QueueRefuses),
        ("maxmemory", "1", "OOM", QueueOutOfRoom),
    ],
)
def test_a_refusal_to_write_is_told_by_name(
    spare: RedisServer, setting: str, value: str, code: str, error: type[QueueRefuses]
) -> None:
    with connect(spare.url) as client, redis.Redis.from_url(spare.url) as admin:
        publisher = RedisPublisher(client, LIMITS)
        admin.config_set(setting, value)
        with pytest.raises(error, match=code) as refused:
            publisher.submit(request("a"))
        assert refused.value.code == code
        admin.config_set(setting, "0")
        assert isinstance(publisher.submit(request("a")), Queued)


def test_wrong_logins_are_told_by_name(spare: RedisServer) -> None:
    host = spare.url.removeprefix("redis://")
    with redis.Redis.from_url(spare.url) as admin:
        admin.execute_command("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@connection")
        admin.execute_command("ACL", "SETUSER", "default", "resetpass", ">secret")
    for entry, code in (("", "NOAUTH"), (":bad@", "WRONGPASS"), ("reader:pw@", "NOPERM")):
        with (
            connect(f"redis://{entry}{host}", retries=0) as client,
            pytest.raises(QueueRefuses) as refused,
            queue_errors(),
        ):
            client.llen("inference")
        assert refused.value.code == code, str(refused.value)
    with connect(f"redis://reader:pw@{host}") as client:
        assert examine_server(client).warnings == (
            "the user may not call INFO: nothing was checked",
        )


def test_a_replica_and_a_node_of_a_cluster_are_refused_at_the_start(
    spare: RedisServer, tmp_path: Path
) -> None:
    check_redis_at_start(spare.url)
    with redis.Redis.from_url(spare.url) as admin:
        demote(admin)
    with pytest.raises(UnsuitableRedis, match=r"replica of 127\.0\.0\.1:1: name the master"):
        check_redis_at_start(spare.url)
    folder = tmp_path / "cluster"
    folder.mkdir()
    # Without a port of its own the bus listens 10,000 above the server, which may be too high.
    cluster = {"cluster-enabled": "yes", "cluster-port": str(free_port())}
    with (
        RedisServer(folder, options=cluster) as node,
        pytest.raises(UnsuitableRedis, match="node of a cluster"),
    ):
        check_redis_at_start(node.url)


def test_a_server_that_does_not_answer_yet_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    check_redis_at_start("redis://127.0.0.1:1/0")
    assert "Redis was not checked" in caplog.text


@pytest.mark.parametrize(
    "form",
    ["redis://[::1]:{port}", "redis://localhost:{port}/5", "redis://127.0.0.1:{port}?db=5"],
)
def test_each_form_of_an_address_reaches_the_server(tmp_path: Path, form: str) -> None:
    with (
        RedisServer(tmp_path, options={"bind": "127.0.0.1 ::1"}) as server,
        connect(form.format(port=server.port)) as client,
    ):
        assert client.ping()


@pytest.mark.parametrize(
    ("info", "sentence"),
    [
        ({**MODERN, "redis_version": "6.2.14"}, "Redis 6.2.14, which is too old"),
        ({**MODERN, "redis_version": "5.0.7"}, "too old: Parley needs Redis 7.0"),
        ({**MODERN, "redis_version": "6.3.4", "mvcc_depth": 0}, "KeyDB.*not supported"),
        ({**MODERN, "dragonfly_version": "df-v1.2"}, "Dragonfly df-v1.2.*not supported"),
        ({**MODERN, "garnet_version": "1.0"}, "Garnet 1.0"),
        ({**MODERN, "redis_mode": "cluster"}, "node of a cluster"),
        ({**MODERN, "redis_mode": "sentinel"}, "is a Sentinel .*sentinel://"),
        ({**MODERN, "role": "slave", "master_host": "h", "master_port": 1}, "replica of h:1"),
        ({}, "unknown"),
    ],
)
def test_a_server_that_cannot_serve_is_named(info: dict[str, object], sentence: str) -> None:
    with pytest.raises(UnsuitableRedis, match=sentence) as refused:
        judge_server(info)
    assert "\n" not in str(refused.value)


def test_redis_and_valkey_serve_and_eviction_is_told() -> None:
    assert judge_server({**MODERN, "redis_version": "7.0.0"}).kind == "Redis"
    assert judge_server({**MODERN, "redis_version": "8.2.1"}).warnings == ()
    valkey = judge_server({**MODERN, "valkey_version": "8.1.0", "server_name": "valkey"})
    assert (valkey.kind, valkey.version) == ("Valkey", "8.1.0")
    [warning] = judge_server({**MODERN, "maxmemory_policy": "allkeys-lru"}).warnings
    assert "allkeys-lru" in warning
    assert MIN_VERSION == (7, 0)


def test_a_worker_takes_what_waits_though_the_server_has_no_memory_left(
    spare: RedisServer,
) -> None:
    with redis.Redis.from_url(spare.url) as admin:
        broker = Broker(spare.url, admin)
        push(broker, job("a"))
        worker = broker.inference("w")
        admin.config_set("maxmemory", "1")
        worker.wait(0.05)
        assert len(worker.lease(1)) == 1

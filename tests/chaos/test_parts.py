"""The campaign's own components against real sockets and a real Redis."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from infra.chaos.inspection import left_over, letters
from infra.chaos.leases import InFlightProbe
from infra.chaos.malformed import malformed_messages
from infra.chaos.planted_bug import ForgetfulQueue
from infra.chaos.proxy import Proxy
from shared import keys
from shared.connection import connect
from shared.errors import MalformedMessage
from shared.jobs import ChatJob
from shared.task_message import decode
from shared.wire import decode_job, encode_infer
from shared.worker_status import WorkerStatus
from tests.contract.broker import claim, done
from tests.fakes.clock import ManualClock
from tests.support.processes import RedisServer, free_port
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import QueuePolicy
from workers.consumer.redis_inference_queue import RedisInferenceQueue

LINK = "inference"


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[tuple[Proxy, int]]:
    port = free_port()
    with Proxy({LINK: port}, redis_server.port) as running:
        yield running, port


def client_of(port: int, timeout: float = 5.0) -> "redis.Redis":
    return redis.Redis(port=port, socket_timeout=timeout, retry=Retry(NoBackoff(), 0))


def pings(port: int) -> bool:
    with client_of(port, 0.3) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def test_an_open_link_carries_both_ways(proxy: tuple[Proxy, int]) -> None:
    with client_of(proxy[1]) as client:
        client.set("large", b"x" * 3_000_000)
        assert client.get("large") == b"x" * 3_000_000


def test_a_cut_breaks_what_is_there_and_nothing_else(proxy: tuple[Proxy, int]) -> None:
    running, port = proxy
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(b"PING\r\n")
        assert raw.recv(10) == b"+PONG\r\n"
        running.cut(LINK)
        with pytest.raises(ConnectionResetError):
            raw.recv(10)
    assert pings(port)


def test_a_link_that_refuses_takes_no_connection_until_it_is_open(proxy: tuple[Proxy, int]) -> None:
    running, port = proxy
    running.refuse(LINK)
    assert not pings(port)
    running.open(LINK)
    assert pings(port)


def test_a_link_that_hangs_says_nothing_and_loses_nothing(proxy: tuple[Proxy, int]) -> None:
    running, port = proxy
    with client_of(port) as client:
        assert client.ping()
        running.hang(LINK)
        assert not pings(port)
        opener = threading.Timer(0.3, running.open, (LINK,))
        opener.start()
        assert client.ping()
        opener.join()


def test_a_slow_link_is_slow_both_ways(proxy: tuple[Proxy, int]) -> None:
    running, port = proxy
    with client_of(port) as client:
        client.ping()
        running.slow(LINK, 0.1)
        began = time.monotonic()
        client.ping()
        assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("queue", [keys.INFERENCE, keys.SENTIMENT])
def test_malformed_messages_are_malformed_and_carry_their_names(queue: str) -> None:
    made = malformed_messages(queue, "malformed-3")
    assert len(made) == 5
    for name, raw in made.items():
        assert name.encode() in raw[:300] or name in str(decode(raw).args)
        with pytest.raises(MalformedMessage):
            decode_job(decode(raw), 0.0)


def worker_queue(url: str, kind: type[RedisInferenceQueue]) -> RedisInferenceQueue:
    return kind(connect(url), WorkerContext("w1", clock=ManualClock()), QueuePolicy())


def put_job(url: str) -> ChatJob:
    job = ChatJob("j1", "hello", "c1", accepted_at=1.0)
    InFlightProbe(url).push(keys.INFERENCE, encode_infer(job))
    return job


def test_the_planted_bug_gives_up_what_it_leases_and_completes_it_all_the_same(
    redis_url: str, redis_client: "redis.Redis"
) -> None:
    job = put_job(redis_url)
    queue = worker_queue(redis_url, ForgetfulQueue)
    (lease,) = queue.lease(5)
    assert redis_client.hlen(keys.lease("w1")) == 0
    assert claim(queue, lease, job) == "run"
    assert redis_client.hlen(keys.lease("w1")) == 0
    assert queue.complete([done(lease, job)]) == ["applied"]
    assert left_over(redis_client) == []


def test_leases_are_seen_from_outside(redis_url: str, redis_client: "redis.Redis") -> None:
    put_job(redis_url)
    queue = worker_queue(redis_url, RedisInferenceQueue)
    queue.heartbeat(WorkerStatus("w1", keys.INFERENCE, "fake", 4711, "here", 0.0))
    probe = InFlightProbe(redis_url)
    assert probe.worker_id("inference-2", 4711) == "w1"
    assert probe.worker_id("inference-2", 4712) is None
    assert probe.count("w1") == 0
    assert left_over(redis_client) == [keys.INFERENCE]
    queue.lease(5)
    assert probe.count("w1") == 1
    assert probe.job_ids("w1") == ["j1"]
    assert left_over(redis_client) == [keys.lease("w1")]
    assert letters(redis_client) == []

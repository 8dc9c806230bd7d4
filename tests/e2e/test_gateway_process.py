"""The gateway as gunicorn runs it, before a real Redis and a worker that the test plays."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
import requests
from prometheus_client.parser import text_string_to_metric_families

from shared import keys
from shared.api_keys import ApiKey, digest_of, new_key
from shared.key_store import RedisKeyStore
from tests.e2e.gateway_process import Gateway, Worker
from tests.support.processes import RedisServer, wait_until


@pytest.fixture
def gateway(redis_url: str, tmp_path: Path) -> Iterator[Gateway]:
    with Gateway(redis_url, tmp_path) as running:
        yield running


def test_many_wait_at_once_in_one_process(gateway: Gateway, redis_url: str) -> None:
    with ThreadPoolExecutor(100) as clients:
        asked = [clients.submit(gateway.ask, f"message {number}") for number in range(100)]
        with redis.Redis.from_url(redis_url) as client:
            wait_until(lambda: client.llen(keys.INFERENCE) == 100, 20)
        with Worker(redis_url):
            responses = [future.result() for future in asked]

    assert [response.status_code for response in responses] == [200] * 100
    assert [response.json()["response"] for response in responses] == [
        f"message {number}" for number in range(100)
    ]


def send(gateway: Gateway, *headers: str) -> socket.socket:
    """Ask through a plain connection and return it without reading the answer."""
    body = b'{"message":"Hello"}'
    lines = ("POST /chat HTTP/1.1", "Host: x", "Content-Type: application/json", *headers)
    head = "\r\n".join((*lines, f"Content-Length: {len(body)}", "", ""))
    connection = socket.create_connection(("127.0.0.1", gateway.port))
    connection.sendall(head.encode() + body)
    return connection


def test_a_client_that_goes_away_frees_its_place(gateway: Gateway, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        connections = [send(gateway), send(gateway, "Idempotency-Key: k"), send(gateway)]
        wait_until(lambda: client.llen(keys.INFERENCE) == 3, 20)
        for connection in connections[:2]:
            connection.close()
        wait_until(lambda: len(client.keys("celery-task-meta-*")) == 1, 20)
        with Worker(redis_url):  # who came first is not always queued first
            assert connections[2].recv(12) == b"HTTP/1.1 200"
            connections[2].close()
            wait_until(lambda: len(client.keys("celery-task-meta-*")) == 3, 20)
        metrics = requests.get(f"{gateway.url}/metrics", timeout=10).text
    assert 'parley_http_request_duration_seconds_count{route="chat",status="499"} 2.0' in metrics


def test_what_it_holds_is_answered_before_it_stops(gateway: Gateway, redis_url: str) -> None:
    with ThreadPoolExecutor(1) as clients, redis.Redis.from_url(redis_url) as client:
        asked = clients.submit(gateway.ask)
        wait_until(lambda: client.llen(keys.INFERENCE) == 1, 20)
        gateway.process.terminate()
        wait_until(lambda: not listens(gateway.port), 20)
        with Worker(redis_url):
            assert asked.result().status_code == 200
        assert gateway.process.wait(timeout=20) == 0


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_without_redis_it_says_so_in_time_and_recovers(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    with server, Gateway(server.url, tmp_path) as gateway, Worker(server.url):
        assert gateway.ask().status_code == 200
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        refused = gateway.ask()
        taken_seconds = time.monotonic() - started
        server.process.send_signal(signal.SIGCONT)

        assert refused.status_code == 503
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert taken_seconds < 3
        wait_until(lambda: gateway.ask(Prefer="wait=5").status_code == 200, 20)


def test_two_processes_show_one_set_of_metrics(redis_url: str, tmp_path: Path) -> None:
    with Gateway(redis_url, tmp_path, PARLEY_GATEWAY_WORKERS="2") as gateway, Worker(redis_url):
        for _ in range(20):
            assert gateway.ask().status_code == 200
        metrics = requests.get(f"{gateway.url}/metrics", timeout=10).text

    assert 'parley_http_request_duration_seconds_count{route="chat",status="200"} 20.0' in metrics
    assert "parley_gateway_chat_seconds_count 20.0" in metrics
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    families = list(text_string_to_metric_families(metrics))
    assert len(families) > 40
    assert [each.name for each in families if f"| `{each.name}" not in page] == []
    processes = [each for each in families if each.name == "process_resident_memory_bytes"]
    assert [len(each.samples) for each in processes] == [2]
    if promtool := shutil.which("promtool"):
        check = subprocess.run(
            [promtool, "check", "metrics"], input=metrics, text=True, check=False
        )
        assert check.returncode == 0


def test_no_message_is_logged(redis_url: str, tmp_path: Path) -> None:
    settings = {"PARLEY_ACCESS_LOG": "true", "PARLEY_LOG_LEVEL": "debug"}
    with Gateway(redis_url, tmp_path, **settings) as gateway, Worker(redis_url):
        gateway.ask("my secret is rhubarb")

    assert "POST /chat 200" in gateway.log()
    assert "rhubarb" not in gateway.log()


def test_a_wrong_setting_is_one_sentence(redis_url: str, tmp_path: Path) -> None:
    gateway = Gateway(redis_url, tmp_path, PARLEY_WAIT_SECONDS="long")
    gateway.start()

    assert gateway.process.wait(timeout=20) == 1
    assert gateway.log().startswith("parley gateway: PARLEY_WAIT_SECONDS is 'long'")
    assert "Traceback" not in gateway.log()


def test_a_gateway_that_others_reach_needs_a_key_to_start_and_then_asks_for_it(
    redis_url: str, redis_client: "redis.Redis", tmp_path: Path
) -> None:
    gateway = Gateway(redis_url, tmp_path, PARLEY_PUBLISH_ADDRESS="192.0.2.1")
    gateway.start()
    assert gateway.process.wait(timeout=30) == os.EX_CONFIG
    assert "192.0.2.1 is reached from other machines, and there is no API key" in gateway.log()

    key_id, key = new_key()
    RedisKeyStore(redis_client).create(digest_of(key), ApiKey(key_id, rate_limit="2/h"))
    with gateway, Worker(redis_url):
        assert gateway.ask().status_code == 401
        answered = gateway.ask(Authorization=f"Bearer {key}")
        assert (answered.status_code, answered.headers["RateLimit"]) == (200, '"key";r=1;t=1800')
        assert gateway.ask(**{"X-API-Key": key}).status_code == 200
        assert gateway.ask(**{"X-API-Key": key}).status_code == 429
        assert key not in gateway.log()

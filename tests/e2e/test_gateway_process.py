"""The gateway as gunicorn runs it, before a real Redis and a worker that the test plays."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest
import redis
import requests

from shared import keys, outcomes, wire
from shared.jobs import Answer, Reply, Timings, Tone
from tests.processes import RedisServer, free_port, wait_until

ROOT = Path(__file__).parent.parent.parent


class Gateway:
    """A gunicorn on a free port; a context manager."""

    def __init__(self, redis_url: str, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "gateway.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if "PARLEY" not in name},
            "PARLEY_REDIS_URL": redis_url,
            "PARLEY_HTTP_PORT": str(self.port),
            **settings,
        }

    def start(self) -> None:
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "python:gateway.gunicorn_conf"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log()
        try:
            return requests.get(f"{self.url}/healthz", timeout=2).status_code == 200
        except requests.ConnectionError:
            return False

    def ask(self, message: str = "Hello", **headers: str) -> requests.Response:
        return requests.post(
            f"{self.url}/chat", json={"message": message}, headers=headers, timeout=40
        )

    def log(self) -> str:
        return self._log.read_text()

    def __enter__(self) -> "Gateway":
        self.start()
        wait_until(self.answers, 20)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=40)


class Worker:
    """Answer what is queued for as long as the `with` block lasts."""

    def __init__(self, redis_url: str) -> None:
        self._client = redis.Redis.from_url(redis_url)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stopped.is_set():
            taken = self._client.brpop([keys.INFERENCE], timeout=1)
            if taken:
                self._answer(cast("tuple[bytes, bytes]", taken)[1])

    def _answer(self, raw: bytes) -> None:
        job = wire.decode_job(wire.decode(raw), time.time())
        tone, timings = Tone("neutral", 0.8), Timings(1, 1, 1, 1, 4)
        answer = Answer("answer", "greeting", 0.9)
        reply = Reply(job.message, job.id, job.conversation_id, tone, answer, timings, "litert")
        body = outcomes.encode_reply(reply)
        with self._client.pipeline(transaction=True) as step:
            step.set(keys.result(job.id), outcomes.celery_result(job.id, "done", body, 1.0))
            step.publish(
                keys.replies(job.gateway or ""), outcomes.announcement(job.id, "done", body)
            )
            step.delete(keys.job(job.id), keys.lane(job.conversation_id))
            step.execute()

    def __enter__(self) -> "Worker":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(timeout=10)


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

    assert 'parley_gateway_answers_total{route="chat",status="200"} 20.0' in metrics
    assert "parley_gateway_chat_seconds_count 20.0" in metrics


def test_no_message_is_logged(redis_url: str, tmp_path: Path) -> None:
    settings = {"PARLEY_ACCESS_LOG": "true", "PARLEY_LOG_LEVEL": "debug"}
    with Gateway(redis_url, tmp_path, **settings) as gateway, Worker(redis_url):
        gateway.ask("my secret is 4711")

    assert "POST /chat 200" in gateway.log()
    assert "4711" not in gateway.log()


def test_a_wrong_setting_is_one_sentence(redis_url: str, tmp_path: Path) -> None:
    gateway = Gateway(redis_url, tmp_path, PARLEY_WAIT_SECONDS="long")
    gateway.start()

    assert gateway.process.wait(timeout=20) == 1
    assert gateway.log().startswith("parley gateway: PARLEY_WAIT_SECONDS is 'long'")
    assert "Traceback" not in gateway.log()

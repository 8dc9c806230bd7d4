"""Redis is killed, stays away, or has no memory left: nothing accepted is lost, all is told."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest
import redis
import requests

from shared import keys
from tests.e2e.gateway_process import Gateway
from tests.e2e.worker_process import WorkerProcess, wait_until_alive
from tests.support.processes import RedisServer, wait_until

OWN_DEADLINE_SECONDS = 3.5  # the gateway tells within 3 s that Redis is away
ASYNC = {"Prefer": "respond-async"}


@dataclass
class Field:
    """A Redis with an append-only file, a gateway and real workers before it."""

    server: RedisServer
    gateway: Gateway
    workers: tuple[WorkerProcess, ...]
    accepted: list[str] = field(default_factory=list)
    refused: list[requests.Response] = field(default_factory=list)

    def send(self, stopped: Event) -> None:
        """Put messages on the queue until stopped; note what becomes of each request."""
        while not stopped.is_set():
            response = self.gateway.ask("Where is my gift card?", **ASYNC)
            if response.status_code == 202:
                self.accepted.append(response.json()["job_id"])
            else:
                self.refused.append(response)

    def unanswered(self) -> list[str]:
        """Return the accepted jobs that have no reply stored."""
        with redis.Redis.from_url(self.server.url) as client:
            stored = client.mget([keys.result(job) for job in self.accepted])
        return [
            job
            for job, result in zip(self.accepted, stored, strict=True)
            if not result or b'"SUCCESS"' not in result
        ]

    def ready(self) -> bool:
        return requests.get(f"{self.gateway.url}/readyz", timeout=10).status_code == 200


@pytest.fixture
def scene(tmp_path: Path, model_dir: Path) -> Iterator[Field]:
    with ExitStack() as stack:
        server = stack.enter_context(RedisServer(tmp_path, append_only=True))
        workers = tuple(
            stack.enter_context(WorkerProcess(server.url, queue, tmp_path, model_dir))
            for queue in (keys.INFERENCE, keys.SENTIMENT)
        )
        # What is accepted must be answered here, not expire, however slow this machine is.
        patient = Gateway(server.url, tmp_path, PARLEY_JOB_DEADLINE_SECONDS="300")
        gateway = stack.enter_context(patient)
        wait_until_alive(*workers)
        yield Field(server, gateway, workers)


def test_killed_under_load_it_loses_nothing_that_was_accepted(scene: Field) -> None:
    stopped = Event()
    with ThreadPoolExecutor(8) as clients:
        sending = [clients.submit(scene.send, stopped) for _ in range(8)]
        wait_until(lambda: len(scene.accepted) > 200, 60)
        scene.server.kill()
        before = len(scene.accepted)
        time.sleep(0.5)
        scene.server.start()
        wait_until(lambda: len(scene.accepted) > before + 100, 30)
        stopped.set()
    for future in sending:
        future.result()
    wait_until(lambda: not scene.unanswered(), 60, 0.2)
    assert scene.refused
    for response in scene.refused:
        assert_told_clearly(response)


def test_down_for_a_while_it_is_told_and_all_come_back_by_themselves(scene: Field) -> None:
    assert scene.gateway.ask("Hello", Prefer="wait=10").status_code == 200
    wait_until(scene.ready, 10)
    scene.server.kill()
    gone_at = time.monotonic()
    while time.monotonic() < gone_at + 5:
        asked_at = time.monotonic()
        response = scene.gateway.ask()
        assert time.monotonic() - asked_at < OWN_DEADLINE_SECONDS
        assert_told_clearly(response)
        state = requests.get(f"{scene.gateway.url}/readyz", timeout=5)
        assert state.status_code == 503
        assert state.json()["redis"]["ok"] is False
        time.sleep(0.2)
    scene.server.start()
    wait_until(scene.ready, 8, 0.1)
    assert scene.gateway.ask("Hello", Prefer="wait=10").status_code == 200
    for worker in scene.workers:
        assert worker.log().count("the queue is unavailable") == 1
        wait_until(lambda: "the queue is available again" in worker.log(), 8)  # noqa: B023


def test_a_worker_stops_in_time_though_redis_is_gone(scene: Field) -> None:
    scene.server.kill()
    time.sleep(2)
    began = time.monotonic()
    assert [worker.stop() for worker in scene.workers] == [0, 0]
    assert time.monotonic() - began < 12
    scene.server.start()


def test_without_memory_it_refuses_clearly_and_works_off_what_it_has(scene: Field) -> None:
    with redis.Redis.from_url(scene.server.url) as client:
        used = int(client.info("memory")["used_memory"])
        client.config_set("maxmemory", used + 400_000)
        stopped = Event()
        with ThreadPoolExecutor(4) as clients:
            sending = [clients.submit(scene.send, stopped) for _ in range(4)]
            wait_until(lambda: bool(scene.refused), 60)
            stopped.set()
        for future in sending:
            future.result()
        assert scene.accepted
        refusal = scene.refused[0]
        assert_told_clearly(refusal)
        assert "no room" in refusal.json()["detail"]
        wait_until(lambda: not scene.unanswered(), 60, 0.2)
        assert all(worker.lives() for worker in scene.workers)
        client.config_set("maxmemory", 0)
        assert scene.gateway.ask("Hello", Prefer="wait=10").status_code == 200
        assert client.llen(keys.INFERENCE) == 0
        wait_until(lambda: not list(client.scan_iter(keys.lease("*"))), 10)


def assert_told_clearly(response: requests.Response) -> None:
    assert response.status_code == 503, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == "urn:parley:problem:queue-unavailable"
    assert int(response.headers["Retry-After"]) >= 1

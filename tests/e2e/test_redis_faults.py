"""Redis is killed, stays away, or has no memory left: nothing accepted is lost, all is told.

All tests strike the same parts, one after the other: each leaves them running, but for the last.
"""

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
from celery import Celery

from shared import keys
from tests.e2e.gateway_process import Gateway
from tests.e2e.worker_process import WorkerProcess, wait_until_alive
from tests.support.processes import RedisServer, wait_until
from workers.celery_link import celery_link

OWN_DEADLINE_SECONDS = 3.5  # the gateway tells within 3 s that Redis is away
ASYNC = {"Prefer": "respond-async"}


@dataclass
class Field:
    """A Redis with an append-only file, a gateway and real workers before it.

    `told` is how much each worker had told when the test began.
    """

    server: RedisServer
    gateway: Gateway
    workers: tuple[WorkerProcess, ...]
    told: tuple[int, ...]
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

    def told_since(self) -> list[str]:
        """Return what each worker has told since the test began."""
        logs = zip(self.workers, self.told, strict=True)
        return [worker.log()[before:] for worker, before in logs]

    def refused_for_room(self) -> list[requests.Response]:
        """Return the refusals for want of memory; a busy machine may refuse for other reasons."""
        return [each for each in self.refused if "no room" in each.json()["detail"]]

    def ready(self) -> bool:
        return requests.get(f"{self.gateway.url}/readyz", timeout=10).status_code == 200


Parts = tuple[RedisServer, Gateway, tuple[WorkerProcess, ...]]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Parts]:
    folder = tmp_path_factory.mktemp("faults")
    with ExitStack() as stack:
        server = stack.enter_context(RedisServer(folder, append_only=True))
        workers = tuple(
            stack.enter_context(WorkerProcess(server.url, queue, folder, model_dir))
            for queue in (keys.INFERENCE, keys.SENTIMENT)
        )
        # What is accepted must be answered here, not expire, however slow this machine is.
        patient = Gateway(server.url, folder, PARLEY_JOB_DEADLINE_SECONDS="300")
        gateway = stack.enter_context(patient)
        wait_until_alive(*workers)
        yield server, gateway, workers


def obey(server: RedisServer, workers: tuple[WorkerProcess, ...]) -> bool:
    """Tell whether all listen to Celery's control, the last thing that they do at a new link."""
    with Celery("somebody", set_as_current=False) as control:
        control.conf.update(celery_link(server.url))
        try:
            return len(control.control.ping(timeout=1.0)) == len(workers)
        except redis.RedisError:  # a connection that has been kept from before the server's end
            return False


@pytest.fixture
def scene(parts: Parts) -> Field:
    """The parts, once all of them have found Redis again."""
    server, gateway, workers = parts
    wait_until_alive(*workers)
    wait_until(lambda: obey(server, workers), 60, 0.1)
    found = Field(server, gateway, workers, tuple(len(worker.log()) for worker in workers))
    wait_until(found.ready, 30, 0.1)
    return found


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
    for number, told in enumerate(scene.told_since()):
        assert told.count("the queue is unavailable") == 1
        wait_until(
            lambda: "the queue is available again" in scene.told_since()[number],  # noqa: B023
            8,
        )


def test_without_memory_it_refuses_clearly_and_works_off_what_it_has(scene: Field) -> None:
    with redis.Redis.from_url(scene.server.url) as client:
        used = int(client.info("memory")["used_memory"])
        client.config_set("maxmemory", used + 400_000)
        stopped = Event()
        with ThreadPoolExecutor(4) as clients:
            sending = [clients.submit(scene.send, stopped) for _ in range(4)]
            wait_until(lambda: bool(scene.refused_for_room()), 60)
            stopped.set()
        for future in sending:
            future.result()
        assert scene.accepted
        assert scene.refused_for_room()
        for refusal in scene.refused:
            assert_told_clearly(refusal)
        wait_until(lambda: not scene.unanswered(), 60, 0.2)
        client.config_set("maxmemory", 1)
        for kind in ("normal", "pubsub"):  # Celery's own links meet the full Redis anew
            client.client_kill_filter(_type=kind, skipme=True)
        waits = "remote control waits for Redis, which refuses: OOM"
        wait_until(lambda: all(waits in told for told in scene.told_since()), 20)
        assert all(worker.lives() for worker in scene.workers)
        client.config_set("maxmemory", 0)
        wait_until(lambda: obey(scene.server, scene.workers), 20, 0.1)
        assert not any("Traceback" in told for told in scene.told_since())
        assert scene.gateway.ask("Hello", Prefer="wait=10").status_code == 200
        assert client.llen(keys.INFERENCE) == 0
        wait_until(lambda: not list(client.scan_iter(keys.lease("*"))), 10)


def test_a_worker_stops_in_time_though_redis_is_gone(scene: Field) -> None:
    scene.server.kill()
    time.sleep(2)
    began = time.monotonic()
    assert [worker.stop() for worker in scene.workers] == [0, 0]
    assert time.monotonic() - began < 12


def assert_told_clearly(response: requests.Response) -> None:
    assert response.status_code == 503, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == "urn:parley:problem:queue-unavailable"
    assert int(response.headers["Retry-After"]) >= 1

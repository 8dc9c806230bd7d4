"""An earlier release and this one side by side on one Redis, in every pairing, under load.

The earlier one comes out of the repository's history; without that the test is skipped.
"""

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
import requests

from shared import keys
from tests.e2e.gateway_process import ROOT, Gateway
from tests.e2e.worker_process import WorkerProcess, wait_until_alive
from tests.support.processes import RedisServer, wait_until

RELEASE = "bfeff87"
BOTH_QUEUES = f"{keys.INFERENCE},{keys.SENTIMENT}"
PACKAGES = ("gateway", "infra", "shared", "workers")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the earlier release."""
    git = ["git", "-C", str(ROOT)]
    try:
        known = subprocess.run(
            [*git, "cat-file", "-e", f"{RELEASE}^{{commit}}"], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("git is not installed")
    if known.returncode != 0:
        pytest.skip(f"the history with the release {RELEASE} is not here (a shallow clone)")
    folder = tmp_path_factory.mktemp("releases") / "earlier"
    folder.mkdir()
    packed = subprocess.run([*git, "archive", RELEASE, *PACKAGES], capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    return folder


class Customers:
    """Ask at several gateways all the time, each in a conversation of their own."""

    def __init__(self, gateways: list[Gateway]) -> None:
        self.outcomes: Counter[str] = Counter()
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(gateway, f"load-{number}"), daemon=True)
            for number, gateway in enumerate(gateways)
        ]

    def _ask(self, gateway: Gateway, conversation: str) -> None:
        with requests.Session() as session:
            while not self._stopped.wait(0.2):
                body = {"message": "Where is my gift card?", "conversation_id": conversation}
                answer = session.post(f"{gateway.url}/chat", json=body, timeout=40)
                self.outcomes[_outcome(session, gateway, answer)] += 1

    def __enter__(self) -> "Customers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Ask nothing more, and wait for the last answers."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(timeout=45)


def _outcome(session: requests.Session, gateway: Gateway, answer: requests.Response) -> str:
    """Return what became of a message; on a busy machine it may take longer than a wait."""
    while answer.status_code == 202:
        job = session.get(f"{gateway.url}/jobs/{answer.json()['job_id']}", timeout=10).json()
        if job["state"] not in ("queued", "started"):
            return str(job["state"])
        time.sleep(0.05)
    return "done" if answer.status_code == 200 else answer.text


@contextmanager
def started_together(*gateways: Gateway) -> Iterator[None]:
    """Start gateways at once, and end them."""
    for gateway in gateways:
        gateway.start()
    try:
        for gateway in gateways:
            wait_until(gateway.answers, 60)
        yield
    finally:
        for gateway in gateways:
            gateway.__exit__()


def say(gateway: Gateway, text: str, conversation: str = "talk") -> dict[str, object]:
    body = {"message": text, "conversation_id": conversation}
    answer = requests.post(f"{gateway.url}/chat", json=body, timeout=40)
    assert answer.status_code == 200, answer.text
    reply: dict[str, object] = answer.json()
    return reply


def change(gateway: Gateway, handover: str, action: str, **body: str) -> dict[str, object]:
    answer = requests.post(f"{gateway.url}/handovers/{handover}/{action}", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    changed: dict[str, object] = answer.json()
    return changed


def test_old_and_new_serve_side_by_side(release: Path, tmp_path: Path, model_dir: Path) -> None:
    def gateway(root: Path) -> Gateway:
        found = Gateway(server.url, tmp_path, PARLEY_JOB_DEADLINE_SECONDS="120")
        found.root = root
        return found

    def worker(root: Path) -> WorkerProcess:
        folder = tmp_path / root.name
        folder.mkdir()
        found = WorkerProcess(server.url, BOTH_QUEUES, folder, model_dir)
        found.root = root
        return found

    with RedisServer(tmp_path) as server, worker(release) as old_worker:
        old, new = gateway(release), gateway(ROOT)
        with started_together(old, new), Customers([old, new]) as customers:
            wait_until_alive(old_worker)
            say(old, "one")  # all old
            handover = str(say(old, "I want to talk to a human", "help")["job_id"])
            say(new, "two")  # a new gateway, an old worker
            assert change(new, handover, "claim", by="anna")["state"] == "claimed"
            with worker(ROOT) as new_worker:
                wait_until_alive(new_worker)
                say(new, "three")  # whichever worker
                assert old_worker.stop() == 0
                say(old, "four")  # an old gateway, a new worker
                assert say(old, "Hello?", "help")["response"] == ""  # anna has it
                change(old, handover, "reply", text="I am here.")
                assert change(new, handover, "close", by="anna")["closed_by"] == "anna"
                say(new, "five")  # all new
                said = requests.get(f"{old.url}/conversations/talk", timeout=10).json()
                customers.leave()
        asked = [turn["text"] for turn in said["turns"] if turn["role"] == "user"]
        assert asked == ["one", "two", "three", "four", "five"]
        assert set(customers.outcomes) == {"done"}
        assert customers.outcomes.total() > 10
        with redis.Redis.from_url(server.url) as database:
            assert database.llen(keys.DEAD_LETTERS) == 0
            assert database.hget(keys.PROTOCOL, "data") == b"1"

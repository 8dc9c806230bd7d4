"""One whole stack for all end-to-end tests: `parley up` on free ports, real everything."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.support.browser import Browser, find_chromium, served
from tests.support.desk_stage import Desk
from tests.support.processes import free_port, wait_until
from tests.support.small_language_model import (
    LanguageModelServer,
    run_language_model,
    small_language_model,
)
from workers.knowledge.loader import DEMO

ROOT = Path(__file__).parent.parent.parent
FLOWER_LOGIN = ("parley", "only-for-tests")
# What other applications and Kubernetes leave in an environment; none of it may count.
FOREIGN = {
    "CELERY_BROKER_URL": "amqp://nobody@127.0.0.1:1//",
    "BROKER_URL": "amqp://nobody@127.0.0.1:1//",
    "CELERY_RESULT_BACKEND": "rpc://",
    "CELERY_CONFIG_MODULE": "no_such_module",
    "CELERY_WORKER_POOL": "prefork",
    "GUNICORN_CMD_ARGS": "--bind=127.0.0.1:1",
    "FLOWER_PORT": "tcp://10.96.0.7:5555",
    "PARLEY_PORT": "tcp://10.96.0.8:8000",
    "PARLEY_REDIS_SERVICE_HOST": "10.96.0.12",
    "PARLEY_MAX_BATCH": "",
}


@dataclass(frozen=True)
class Stack:
    """Where a running stack is found."""

    url: str
    redis_url: str
    flower_url: str
    data_dir: Path
    kb: Path
    process: subprocess.Popen[bytes]

    def ready(self) -> bool:
        """Tell whether every part is up; fail at once when the supervisor has ended."""
        assert self.process.poll() is None, self.logs()
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def flower_ready(self) -> bool:
        """Tell whether Flower answers."""
        try:
            return requests.get(f"{self.flower_url}/healthcheck", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def logs(self) -> str:
        """Return the end of every part's log."""
        files = sorted(self.data_dir.rglob("*.log"))
        return "\n".join(f"{path.name}:\n{path.read_text()[-3000:]}" for path in files)


def start_stack(data_dir: Path, model_dir: Path, **settings: str) -> Stack:
    """Start `parley up` on free ports over a copy of the demo base; it may not be ready yet."""
    kb = data_dir / "kb"
    shutil.copytree(DEMO, kb, dirs_exist_ok=True)
    http, redis_port, flower = free_port(), free_port(), free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")},
        "PARLEY_HTTP_PORT": str(http),
        "PARLEY_REDIS_PORT": str(redis_port),
        "PARLEY_FLOWER_PORT": str(flower),
        "PARLEY_DATA_DIR": str(data_dir),
        "PARLEY_MODEL_DIR": str(model_dir),
        "PARLEY_KB": str(kb),
        "PARLEY_FLOWER_BASIC_AUTH": ":".join(FLOWER_LOGIN),
        **FOREIGN,
        **settings,
    }
    with (data_dir / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.cli.main", "up"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    return Stack(
        f"http://127.0.0.1:{http}",
        f"redis://127.0.0.1:{redis_port}/0",
        f"http://127.0.0.1:{flower}",
        data_dir,
        kb,
        process,
    )


def stop_stack(stack: Stack) -> int:
    """Stop a stack as Ctrl-C does; return its exit status."""
    stack.process.send_signal(signal.SIGINT)
    return stack.process.wait(timeout=60)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Stack]:
    """Run a stack for the whole session."""
    running = start_stack(tmp_path_factory.mktemp("stack"), model_dir, PARLEY_GAPS="1")
    try:
        wait_until(running.ready, 120, 0.1)
        yield running
    except TimeoutError as late:
        raise AssertionError(running.logs()) from late
    finally:
        if running.process.poll() is None:
            stop_stack(running)


@pytest.fixture(scope="session")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageModelServer]:
    """Run llama.cpp with a small model for all tests; the first one fetches the model."""
    folder = tmp_path_factory.mktemp("language-model")
    with run_language_model(small_language_model(), folder) as running:
        yield running


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests; no stack is started for it."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium is installed (Debian: apt install chromium)")
    with Browser(path, tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """The Chromium, as on a desktop in daylight, whatever the test before has made of it."""
    chromium.emulate()
    return chromium


@pytest.fixture
def desk(browser: Browser) -> Iterator[Desk]:
    """The desk over a gateway of fakes."""
    desk = Desk(browser)
    with served(desk.harness.app) as desk.origin:
        yield desk

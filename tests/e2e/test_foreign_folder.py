"""Started in a folder whose modules have our packages' names, that folder on PYTHONPATH too."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from infra.supervisor.probes import live_workers
from shared.connection import REDIS_ERRORS
from tests.e2e.conftest import ROOT
from tests.support.processes import free_port, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
_RAISE = 'raise AssertionError(f"{__file__} was imported instead of ours")\n'
_KNOWLEDGE = """
- id: delivery-time
  question: How long does delivery take?
  phrasings: [When does my order come?, How many days until it arrives?]
  answer: Two to three days.
- id: opening-hours
  question: When are you open?
  phrasings: [What are your opening hours?, Are you open on Sunday?]
  answer: From nine to five.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of another project: modules that must not be imported."""
    project = tmp_path / "project"
    project.mkdir()
    for module in ("shared", "infra"):
        (project / f"{module}.py").write_text(_RAISE)
    for package in ("workers", "gateway"):
        (project / package).mkdir()
        (project / package / "__init__.py").write_text(_RAISE)
    (project / "flowerconfig.py").write_text(_RAISE)
    (project / "kb.yaml").write_text(_KNOWLEDGE)
    return project


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Write the `parley` command as an installation does, from the entry point's name."""
    entry = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["parley"]
    module, function = entry.split(":")
    path = tmp_path / "bin" / "parley"
    path.parent.mkdir()
    path.write_text(f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n")
    return path


def environment(model_dir: Path, folder: Path, **settings: str) -> dict[str, str]:
    """Return settings with relative paths, and the folder itself on PYTHONPATH."""
    outside = {name: value for name, value in os.environ.items() if "PARLEY" not in name}
    return outside | {
        "PARLEY_MODEL_DIR": str(model_dir),
        "PARLEY_ENGINE": "simulated",
        "PARLEY_DATA_DIR": "data",
        "PARLEY_KB": "kb.yaml",
        "PYTHONPATH": str(folder),
        **settings,
    }


def logs(folder: Path) -> str:
    files = sorted(folder.rglob("*.log"))
    return "\n".join(f"{path.name}:\n{path.read_text()[-3000:]}" for path in files)


@pytest.fixture
def running(folder: Path) -> Iterator["Runner"]:
    runner = Runner(folder)
    yield runner
    runner.stop()


class Runner:
    """A command that runs in the foreign folder until the test is over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, command: list[str], variables: Mapping[str, str]) -> int:
        with (self._folder / "out.log").open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self._folder, env=dict(variables), stdout=log, stderr=log
            )
        return self.process.pid

    def lives(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, logs(self._folder)
        return True

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)


def test_the_whole_stack_answers(
    folder: Path, script: Path, model_dir: Path, running: Runner
) -> None:
    ports = {
        name: str(free_port())
        for name in ("PARLEY_HTTP_PORT", "PARLEY_REDIS_PORT", "PARLEY_FLOWER_PORT")
    }
    running.start([sys.executable, str(script), "up"], environment(model_dir, folder, **ports))
    url = f"http://127.0.0.1:{ports['PARLEY_HTTP_PORT']}"

    def ready() -> bool:
        try:
            return running.lives() and requests.get(f"{url}/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    wait_until(ready, 120, 0.1)
    question = {"message": "How long does delivery take?"}
    reply = requests.post(f"{url}/chat", json=question, timeout=30)
    assert reply.status_code == 200, reply.text
    assert reply.json()["answer"]["id"] in ("delivery-time", "opening-hours")
    wait_until(lambda: "Parley is ready" in logs(folder), 30)
    assert (folder / "data" / "redis").is_dir()
    assert "instead of ours" not in logs(folder)


@pytest.mark.parametrize("queue", ["inference", "sentiment"])
def test_a_worker_lives(
    folder: Path, script: Path, model_dir: Path, redis_url: str, running: Runner, queue: str
) -> None:
    command = [sys.executable, str(script), "worker", queue, "--logfile", "worker.log"]
    pid = running.start(command, environment(model_dir, folder, PARLEY_REDIS_URL=redis_url))

    def serves() -> bool:
        try:
            return running.lives() and pid in {each.pid for each in live_workers(redis_url, queue)}
        except REDIS_ERRORS:
            return False

    wait_until(serves, 90, 0.1)
    log = folder / "worker.log"
    wait_until(lambda: re.search(rf"{queue}@\S+ ready", log.read_text()) is not None, 10)
    assert "instead of ours" not in logs(folder)


def test_celerys_own_command_finds_ours_under_a_name_that_no_folder_has(
    folder: Path, model_dir: Path, redis_url: str, running: Runner
) -> None:
    """Check the command that the docs give: by `workers.celery_app` Celery takes the folder's."""
    variables = environment(model_dir, folder, PARLEY_REDIS_URL=redis_url)
    worker = ["worker", "-Q", "sentiment", "-n", "sentiment@%h"]
    celery = [sys.executable, "-m", "celery", "-A"]
    bare = subprocess.run(
        [*celery, "workers.celery_app", *worker],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert bare.returncode != 0
    assert "instead of ours" in bare.stderr + bare.stdout
    pid = running.start([*celery, "parley:celery_app", *worker], variables)
    wait_until(
        lambda: running.lives() and pid in {w.pid for w in live_workers(redis_url, "sentiment")},
        90,
        0.1,
    )

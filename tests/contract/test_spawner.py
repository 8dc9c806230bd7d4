"""Spawners: real processes and scripted ones keep the same promises."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.supervisor.child_renicer import renice_children
from infra.supervisor.logs import LogFolder
from infra.supervisor.service import Service
from infra.supervisor.spawner import ProcessSpawner, SpawnedProcess, Spawner
from tests.fakes.spawner import ScriptedSpawner
from tests.support.processes import wait_until

_READY = "import signal, sys, time; print('up', flush=True);"
_OBEDIENT = _READY + "time.sleep(60)"
_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + _OBEDIENT


@dataclass(frozen=True)
class Rig:
    """A spawner, and how a test makes its children behave."""

    spawner: Spawner
    start: Callable[[str], SpawnedProcess]
    finish: Callable[[SpawnedProcess], None]


def _real(folder: Path) -> Rig:
    logs = LogFolder(folder)
    logs.begin(["part"])
    spawner = ProcessSpawner(logs)

    def start(program: str) -> SpawnedProcess:
        child = spawner.spawn(Service("part", (sys.executable, "-c", program)))
        wait_until(lambda: "up" in logs.tail("part"), 20)
        return child

    return Rig(spawner, start, lambda child: wait_until(lambda: child.exit_code() is not None, 20))


def _scripted() -> Rig:
    spawner = ScriptedSpawner()

    def start(program: str) -> SpawnedProcess:
        child = spawner.spawn(Service("part", ("program",)))
        child.stubborn = program == _STUBBORN
        if "exit" in program:
            child.exit(7)
        return child

    return Rig(spawner, start, lambda child: None)


@pytest.fixture(params=["real", "scripted"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    made = _real(tmp_path) if request.param == "real" else _scripted()
    started: list[SpawnedProcess] = []

    def start(program: str) -> SpawnedProcess:
        started.append(made.start(program))
        return started[-1]

    yield Rig(made.spawner, start, made.finish)
    for child in started:
        child.kill()


def test_a_running_child_has_no_exit_code(rig: Rig) -> None:
    child = rig.start(_OBEDIENT)
    assert child.exit_code() is None
    assert child.pid > 0


def test_an_exit_code_is_kept(rig: Rig) -> None:
    child = rig.start(_READY + "sys.exit(7)")
    rig.finish(child)
    assert child.exit_code() == 7


def test_terminate_ends_a_child_with_its_signal(rig: Rig) -> None:
    child = rig.start(_OBEDIENT)
    child.terminate()
    rig.finish(child)
    assert child.exit_code() == -signal.SIGTERM


def test_a_stubborn_child_outlives_terminate_but_not_kill(rig: Rig) -> None:
    child = rig.start(_STUBBORN)
    child.terminate()
    assert child.exit_code() is None
    child.kill()
    assert child.exit_code() == -signal.SIGKILL


def test_ending_twice_is_no_error(rig: Rig) -> None:
    child = rig.start(_OBEDIENT)
    child.kill()
    child.kill()
    child.terminate()
    assert child.exit_code() == -signal.SIGKILL


def test_a_part_that_only_watches_lets_the_others_go_first(tmp_path: Path) -> None:
    logs = LogFolder(tmp_path)
    logs.begin(["part"])
    child = ProcessSpawner(logs).spawn(
        Service("part", (sys.executable, "-c", _OBEDIENT), niceness=15)
    )
    try:
        wait_until(lambda: "up" in logs.tail("part"), 20)
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == 15
    finally:
        child.kill()


def test_what_a_part_forks_lets_the_others_go_first_if_it_is_to(tmp_path: Path) -> None:
    logs = LogFolder(tmp_path)
    logs.begin(["part"])
    forking = "import os, time; child = os.fork(); print(child or '', flush=True); time.sleep(60)"
    part = ProcessSpawner(logs).spawn(
        Service("part", (sys.executable, "-c", forking), child_niceness=7)
    )

    def forked() -> list[int]:
        return [int(word) for word in logs.tail("part").split() if word.isdecimal()]

    try:
        wait_until(lambda: len(forked()) == 1, 20)
        wait_until(lambda: os.getpriority(os.PRIO_PROCESS, forked()[0]) == 7, 20)
        assert os.getpriority(os.PRIO_PROCESS, part.pid) < 7
        renice_children(part.pid, 3)
        assert os.getpriority(os.PRIO_PROCESS, forked()[0]) == 7
    finally:
        part.kill()
    assert part.has_ended()

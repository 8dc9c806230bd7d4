"""The supervisor over real processes: restarts, clean stops, and no orphan whatever is killed."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.process_tree import children, family, none_alive
from tests.support.processes import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

_PROGRAM = """
import sys
from pathlib import Path
from rich.console import Console
from infra.supervisor.logs import LogFolder
from infra.supervisor.service import Service
from infra.supervisor.runner import StackRun
from infra.supervisor.terminal import Terminal

SLEEP = "import time; time.sleep(99)"
COMMANDS = {
    "plain": SLEEP,
    "parent": f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEP!r}])",
    "stubborn": "import signal; signal.signal(15, signal.SIG_IGN); print('deaf'); " + SLEEP,
}
BROKEN = {"broken": "import sys; sys.exit('no model here')"}

class Never:
    def is_ready(self, pid):
        return False

logs = LogFolder(Path(sys.argv[1]))
kind, stop_seconds = sys.argv[2], float(sys.argv[3])
options = {"probe": Never()} if kind == "broken" else {}
StackRun(
    services=[
        Service(name, (sys.executable, "-c", command), stop_seconds=stop_seconds, **options)
        for name, command in (BROKEN if kind == "broken" else COMMANDS).items()
    ],
    logs=logs,
    terminal=Terminal(Console(), logs),
    is_serving=lambda: "deaf" in logs.tail("stubborn"),
    print_banner=lambda: print("READY", flush=True),
    start_timeout_seconds=30,
).run()
"""


class SupervisorProcess:
    """The program above in a process of its own."""

    def __init__(self, folder: Path, kind: str = "sound", stop_seconds: float = 0.5) -> None:
        self._log = folder / "watch.out"
        arguments = [str(folder), kind, str(stop_seconds)]
        with self._log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, *arguments], stdout=out, stderr=out
            )

    def output(self) -> str:
        return self._log.read_text()

    def wait_for(self, words: str) -> None:
        wait_until(lambda: words in self.output() or self.process.poll() is not None, 30)
        assert words in self.output()

    def family(self) -> set[int]:
        """Return every process that descends from the supervisor."""
        return family(self.process.pid)


@pytest.fixture
def supervisors(tmp_path: Path) -> Iterator[Callable[..., SupervisorProcess]]:
    """Start supervisors; whatever they leave behind is ended."""
    started: list[SupervisorProcess] = []
    families: set[int] = set()

    def start(*arguments: Any) -> SupervisorProcess:
        supervisor = SupervisorProcess(tmp_path, *arguments)
        started.append(supervisor)
        supervisor.wait_for("READY")
        families.update(supervisor.family())
        return supervisor

    yield start
    for supervisor in started:
        families |= supervisor.family()
        supervisor.process.kill()
        supervisor.process.wait()
    for pid in families:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_a_killed_part_is_restarted_and_it_is_said_so(
    supervisors: Callable[..., SupervisorProcess],
) -> None:
    supervisor = supervisors()
    plain = min(children(supervisor.process.pid))
    os.kill(plain, signal.SIGKILL)
    supervisor.wait_for("ended (killed by SIGKILL); restarted at once")
    supervisor.wait_for("ready again")
    assert re.search(r"ended .* log: .*\.log", supervisor.output())
    assert len(children(supervisor.process.pid) - {plain}) == 3


def test_ctrl_c_stops_all_in_reverse_and_kills_the_stubborn(
    supervisors: Callable[..., SupervisorProcess],
) -> None:
    supervisor = supervisors()
    wait_until(lambda: len(supervisor.family()) == 4, 10)
    family = supervisor.family()
    supervisor.process.send_signal(signal.SIGINT)
    assert supervisor.process.wait(timeout=20) == 0
    assert none_alive(family)
    told = [line.split()[1:3] for line in supervisor.output().splitlines()[-3:]]
    assert told == [["stubborn", "killed:"], ["parent", "stopped"], ["plain", "stopped"]]


def test_a_second_ctrl_c_forces(supervisors: Callable[..., SupervisorProcess]) -> None:
    supervisor = supervisors("sound", 60)
    family = supervisor.family()
    supervisor.process.send_signal(signal.SIGINT)
    supervisor.wait_for("Stopping")
    supervisor.process.send_signal(signal.SIGINT)
    assert supervisor.process.wait(timeout=20) == 0
    assert none_alive(family)


def test_a_closed_terminal_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    arguments = [str(tmp_path), "sound", "0.5"]
    supervisor = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert supervisor.stdout is not None
    while b"READY" not in supervisor.stdout.readline():
        assert supervisor.poll() is None
    parts = family(supervisor.pid)
    supervisor.stdout.close()
    supervisor.send_signal(signal.SIGHUP)
    supervisor.wait(timeout=20)
    assert len(parts) >= 3
    assert none_alive(parts)


def test_no_part_outlives_a_killed_supervisor(
    supervisors: Callable[..., SupervisorProcess],
) -> None:
    supervisor = supervisors()
    parts = children(supervisor.process.pid)
    assert len(parts) == 3
    supervisor.process.kill()
    supervisor.process.wait()
    wait_until(lambda: none_alive(parts), 10)


def test_a_part_that_never_starts_ends_the_start_with_its_own_words(tmp_path: Path) -> None:
    supervisor = SupervisorProcess(tmp_path, "broken")
    assert supervisor.process.wait(timeout=30) == 1
    assert "no model here" in supervisor.output()
    assert "broken ended again and again before it was ready" in supervisor.output()

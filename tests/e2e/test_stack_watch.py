"""The watch over real processes: restarts, clean stops, and no orphan whatever is killed."""

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
from tests.processes import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

_PROGRAM = """
import sys
from pathlib import Path
from rich.console import Console
from infra.stack.logs import LogFolder
from infra.stack.part import Part
from infra.stack.runner import Watch
from infra.stack.terminal import Terminal

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
Watch(
    parts=[
        Part(name, (sys.executable, "-c", command), stop_seconds=stop_seconds, **options)
        for name, command in (BROKEN if kind == "broken" else COMMANDS).items()
    ],
    logs=logs,
    terminal=Terminal(Console(), logs),
    is_serving=lambda: "deaf" in logs.tail("stubborn"),
    greet=lambda: print("READY", flush=True),
    start_timeout_seconds=30,
).hold_up()
"""


class Watcher:
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
        """Return every process that descends from the watcher."""
        return family(self.process.pid)


@pytest.fixture
def watchers(tmp_path: Path) -> Iterator[Callable[..., Watcher]]:
    """Start watchers; whatever they leave behind is ended."""
    started: list[Watcher] = []
    families: set[int] = set()

    def start(*arguments: Any) -> Watcher:
        watcher = Watcher(tmp_path, *arguments)
        started.append(watcher)
        watcher.wait_for("READY")
        families.update(watcher.family())
        return watcher

    yield start
    for watcher in started:
        families |= watcher.family()
        watcher.process.kill()
        watcher.process.wait()
    for pid in families:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_a_killed_part_is_restarted_and_it_is_said_so(watchers: Callable[..., Watcher]) -> None:
    watcher = watchers()
    plain = min(children(watcher.process.pid))
    os.kill(plain, signal.SIGKILL)
    watcher.wait_for("ended (killed by SIGKILL); restart in 1 s")
    watcher.wait_for("ready again")
    assert re.search(r"ended .* log: .*\.log", watcher.output())
    assert len(children(watcher.process.pid) - {plain}) == 3


def test_ctrl_c_stops_all_in_reverse_and_kills_the_stubborn(
    watchers: Callable[..., Watcher],
) -> None:
    watcher = watchers()
    wait_until(lambda: len(watcher.family()) == 4, 10)
    family = watcher.family()
    watcher.process.send_signal(signal.SIGINT)
    assert watcher.process.wait(timeout=20) == 0
    assert none_alive(family)
    told = [line.split()[1:3] for line in watcher.output().splitlines()[-3:]]
    assert told == [["stubborn", "killed:"], ["parent", "stopped"], ["plain", "stopped"]]


def test_a_second_ctrl_c_forces(watchers: Callable[..., Watcher]) -> None:
    watcher = watchers("sound", 60)
    family = watcher.family()
    watcher.process.send_signal(signal.SIGINT)
    watcher.wait_for("Stopping")
    watcher.process.send_signal(signal.SIGINT)
    assert watcher.process.wait(timeout=20) == 0
    assert none_alive(family)


def test_a_closed_terminal_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    arguments = [str(tmp_path), "sound", "0.5"]
    watcher = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert watcher.stdout is not None
    while b"READY" not in watcher.stdout.readline():
        assert watcher.poll() is None
    parts = family(watcher.pid)
    watcher.stdout.close()
    watcher.send_signal(signal.SIGHUP)
    watcher.wait(timeout=20)
    assert len(parts) >= 3
    assert none_alive(parts)


def test_no_part_outlives_a_killed_supervisor(watchers: Callable[..., Watcher]) -> None:
    watcher = watchers()
    parts = children(watcher.process.pid)
    assert len(parts) == 3
    watcher.process.kill()
    watcher.process.wait()
    wait_until(lambda: none_alive(parts), 10)


def test_a_part_that_never_starts_ends_the_start_with_its_own_words(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path, "broken")
    assert watcher.process.wait(timeout=30) == 1
    assert "no model here" in watcher.output()
    assert "broken ended again and again before it was ready" in watcher.output()

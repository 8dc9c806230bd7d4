"""The watch over real processes: restarts, clean stops, and no orphan whatever is killed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import wait_until

_PROGRAM = """
import sys, time
from pathlib import Path
from rich.console import Console
from infra.stack.logs import LogFolder
from infra.stack.part import Part
from infra.stack.runner import Watch
from infra.stack.terminal import Terminal

folder = Path(sys.argv[1])
child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(99)'])"
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(99)"
commands = {"plain": "import time; time.sleep(99)", "parent": child, "stubborn": stubborn}
if sys.argv[2] == "broken":
    commands = {"broken": "import sys; sys.exit('no model here')"}
parts = [
    Part(name, (sys.executable, "-c", command), stop_seconds=float(sys.argv[3]))
    for name, command in commands.items()
]
logs = LogFolder(folder)
Watch(
    parts=parts,
    logs=logs,
    terminal=Terminal(Console(), logs),
    is_serving=lambda: sys.argv[2] != "broken" and "deaf" in logs.tail("stubborn"),
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
        parents = {int(path.name): _parent(path) for path in Path("/proc").glob("[0-9]*")}
        found = {self.process.pid}
        while True:
            more = {pid for pid, parent in parents.items() if parent in found} - found
            if not more:
                return found - {self.process.pid}
            found |= more


def _parent(path: Path) -> int:
    try:
        return int(path.joinpath("stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return -1


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def _none_alive(pids: set[int]) -> bool:
    return not any(_is_alive(pid) for pid in pids)


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def watcher(tmp_path: Path) -> Iterator[Watcher]:
    watcher = Watcher(tmp_path)
    watcher.wait_for("READY")
    family = watcher.family()
    yield watcher
    watcher.process.kill()
    watcher.process.wait()
    wait_until(lambda: _none_alive(family), 10)


def test_a_killed_part_is_restarted_and_it_is_said_so(watcher: Watcher) -> None:
    (plain,) = [pid for pid in watcher.family() if "time.sleep(99)" == _program_of(pid)[12:]][:1]
    os.kill(plain, signal.SIGKILL)
    watcher.wait_for("ended (killed by SIGKILL); restart in 1 s")
    watcher.wait_for("ready again")
    assert re.search(r"plain\s+ended .* log: .*plain\.log", watcher.output())


def test_ctrl_c_stops_all_in_reverse_and_kills_the_stubborn(watcher: Watcher) -> None:
    family = watcher.family()
    assert len(family) == 4
    watcher.process.send_signal(signal.SIGINT)
    assert watcher.process.wait(timeout=20) == 0
    assert _none_alive(family)
    told = [line.split()[1] for line in watcher.output().splitlines() if "stop" in line][-3:]
    assert told == ["stubborn", "parent", "plain"]
    assert re.search(r"stubborn\s+killed: not stopped after", watcher.output())


def test_a_second_ctrl_c_forces(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path, stop_seconds=60)
    watcher.wait_for("READY")
    family = watcher.family()
    watcher.process.send_signal(signal.SIGINT)
    watcher.wait_for("Stopping")
    watcher.process.send_signal(signal.SIGINT)
    assert watcher.process.wait(timeout=20) == 0
    assert _none_alive(family)


def test_no_orphan_remains_when_the_supervisor_is_killed(watcher: Watcher) -> None:
    family = watcher.family()
    watcher.process.kill()
    watcher.process.wait()
    grandchildren = {pid for pid in family if "sleep(99)" in _program_of(pid)}
    wait_until(lambda: _none_alive(family - grandchildren), 10)


def test_a_part_that_never_starts_ends_the_start_with_its_own_words(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path, "broken")
    assert watcher.process.wait(timeout=30) == 1
    assert "no model here" in watcher.output()
    assert "broken ended again and again before it was ready" in watcher.output()


def _program_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[2].decode()
    except (OSError, IndexError):
        return ""

"""Processes as a port: the operating system's, and scripted ones for tests."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from infra.stack.logs import LogFolder
from infra.stack.part import Part

_TETHER = str(Path(__file__).with_name("tether.py"))


class Child(Protocol):
    """A process that was started."""

    @property
    def pid(self) -> int:
        """Return the process id."""

    def exit_code(self) -> int | None:
        """Return None while it runs, else its exit code; negative for a signal."""

    def terminate(self) -> None:
        """Ask the process to end; do nothing when it has."""

    def kill(self) -> None:
        """End the process and everything it started that is still in its group."""


class Spawner(Protocol):
    """Start processes."""

    def spawn(self, part: Part) -> Child:
        """Start a part, its output going to its log."""


class ProcessSpawner:
    """Start real processes, each leading its own session and tied to this process's life.

    Call from the main thread: the kernel ties a child to the thread that started it.
    """

    def __init__(self, logs: LogFolder) -> None:
        self._logs = logs

    def spawn(self, part: Part) -> "ProcessChild":
        """Start a part, its output going to its log."""
        tether = (sys.executable, "-I", "-S", _TETHER)
        bond = (str(os.getpid()), str(int(part.orphan_signal)))
        with self._logs.open(part.name, part.command) as log:
            process = subprocess.Popen(
                [*tether, *bond, *part.command],
                env={**os.environ, "PYTHONUNBUFFERED": "1", **part.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if part.niceness > os.getpriority(os.PRIO_PROCESS, 0):  # the other way is forbidden
            os.setpriority(os.PRIO_PROCESS, process.pid, part.niceness)
        return ProcessChild(process)


class ProcessChild:
    """A real process and its group."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Return the process id, which is the group's too."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return None while it runs, else its exit code; negative for a signal."""
        return self._process.poll()

    def terminate(self) -> None:
        """Send SIGTERM to the leader alone: it tells its own children."""
        self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL to the whole group and reap the leader."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class ScriptedSpawner:
    """Start nothing; hand out children that end when a test says so."""

    def __init__(self) -> None:
        self.children: dict[str, list[ScriptedChild]] = {}
        self.journal: list[str] = []

    def spawn(self, part: Part) -> "ScriptedChild":
        """Record the start and return a child that runs."""
        siblings = self.children.setdefault(part.name, [])
        pid = 1000 + sum(len(some) for some in self.children.values())
        child = ScriptedChild(part.name, pid, self.journal)
        siblings.append(child)
        self.journal.append(f"spawn {part.name}")
        return child

    def latest(self, name: str) -> "ScriptedChild":
        """Return the child that was started last for this part."""
        return self.children[name][-1]


class ScriptedChild:
    """A child whose end a test decides; `stubborn` ones ignore SIGTERM."""

    def __init__(self, name: str, pid: int, journal: list[str]) -> None:
        self._name = name
        self._pid = pid
        self._journal = journal
        self._code: int | None = None
        self.stubborn = False

    @property
    def pid(self) -> int:
        """Return a made-up process id."""
        return self._pid

    def exit(self, code: int) -> None:
        """Let the process end with this code."""
        self._code = code

    def exit_code(self) -> int | None:
        """Return None while it runs, else its exit code."""
        return self._code

    def terminate(self) -> None:
        """End with SIGTERM's code unless stubborn."""
        self._journal.append(f"terminate {self._name}")
        if not self.stubborn and self._code is None:
            self._code = -signal.SIGTERM

    def kill(self) -> None:
        """End with SIGKILL's code."""
        self._journal.append(f"kill {self._name}")
        if self._code is None:
            self._code = -signal.SIGKILL

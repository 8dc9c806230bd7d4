"""Processes as a port: whoever supervises them starts and ends them through it."""

import contextlib
import os
import signal
import subprocess
from typing import Protocol

from infra.supervisor.child_renicer import ChildRenicer
from infra.supervisor.foreign_environment import without_foreign
from infra.supervisor.logs import LogFolder
from infra.supervisor.service import Service
from shared.import_path import PACKAGE_ROOT, own_import_path
from shared.pdeathsig import dying_with_this_process


class SpawnedProcess(Protocol):
    """A process that was started."""

    @property
    def pid(self) -> int:
        """Return the process id."""

    def exit_code(self) -> int | None:
        """Return None while it runs, else its exit code; negative for a signal."""

    def terminate(self) -> None:
        """Ask the process to end; do nothing if it has ended."""

    def kill(self) -> None:
        """End the process and everything it started that is still in its group."""


class Spawner(Protocol):
    """Start processes."""

    def spawn(self, service: Service) -> SpawnedProcess:
        """Start a service, its output going to its log."""


class ProcessSpawner:
    """Start real processes, each leading its own session and ending with this process.

    They run in the folder of Parley's packages and import those first, whatever lies in the
    caller's folder. Call from the main thread (see `dying_with_this_process`).
    """

    def __init__(self, logs: LogFolder) -> None:
        self._logs = logs

    def spawn(self, service: Service) -> "LocalProcess":
        """Start a service, its output going to its log."""
        base = {**without_foreign(os.environ), **own_import_path(), "PYTHONUNBUFFERED": "1"}
        with self._logs.open(service.name, service.command) as log:
            process = subprocess.Popen(
                dying_with_this_process(service.command, service.orphan_signal),
                env={**base, **service.environment},
                cwd=PACKAGE_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if service.niceness > os.getpriority(os.PRIO_PROCESS, 0):  # lowering it is forbidden
            os.setpriority(os.PRIO_PROCESS, process.pid, service.niceness)
        started = LocalProcess(process)
        if service.child_niceness:
            ChildRenicer(process.pid, service.child_niceness, started.has_ended).start()
        return started


class LocalProcess:
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

    def has_ended(self) -> bool:
        """Return whether the exit code has been asked for since the process ended; any thread."""
        return self._process.returncode is not None

    def terminate(self) -> None:
        """Send SIGTERM to the leader alone, which ends its own children."""
        self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL to the whole group and reap the leader."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

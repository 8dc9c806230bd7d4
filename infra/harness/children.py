"""Child programs that are spoken to over pipes: load generators and offline runs."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.errors import BenchError
from shared.import_path import PACKAGE_ROOT, own_import_path
from shared.pdeathsig import dying_with_this_process

_QUOTED_LINES = 3


class ChildProgram:
    """A module of ours as a program that prints lines.

    It ends with this process, or after `limit_seconds`. Paths among its arguments are absolute.
    """

    def __init__(
        self, module: str, arguments: Sequence[str], limit_seconds: float, log: Path
    ) -> None:
        command = (sys.executable, "-m", module, *arguments)
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                dying_with_this_process(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=PACKAGE_ROOT,
                env={**os.environ, **own_import_path()},
                start_new_session=True,
            )
        self._module = module
        self._log = log
        self._watchdog = threading.Timer(limit_seconds, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Tell whether the program has not ended yet."""
        return self._process.poll() is None

    def read_line(self) -> str:
        """Return the next line; raise BenchError if the program ends without one."""
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            raise BenchError(f"{self._module} ended too early: {self._fault()}")
        return line.decode().strip()

    def send_empty_line(self) -> None:
        """Let a program go on that waits for a line."""
        if self._process.stdin:
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()

    def finish(self) -> None:
        """Wait for the end; raise BenchError if the program failed."""
        if self._process.wait():
            raise BenchError(f"{self._module} failed: {self._fault()}")

    def end(self) -> None:
        """Kill the program if it still runs, and close the pipes."""
        self._watchdog.cancel()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _fault(self) -> str:
        code = self._process.wait()
        lines = self._log.read_text(errors="replace").strip().splitlines()[-_QUOTED_LINES:]
        return " / ".join(lines) or f"exit code {code}"


@contextlib.contextmanager
def running_child(
    module: str, arguments: Sequence[str], limit_seconds: float, log: Path
) -> Iterator[ChildProgram]:
    """Run a module of ours while the block lasts."""
    program = ChildProgram(module, arguments, limit_seconds, log)
    try:
        yield program
    finally:
        program.end()

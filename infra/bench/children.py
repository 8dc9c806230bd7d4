"""Child processes that are asked over pipes: the load generator and the offline runs."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.stack import tether
from shared.errors import BenchError

_LAST_WORDS = 3


class Child:
    """A program of ours that says lines; it ends with this process and after `most_seconds`."""

    def __init__(
        self, module: str, arguments: Sequence[str], most_seconds: float, log: Path
    ) -> None:
        bond = (
            sys.executable,
            "-I",
            "-S",
            tether.__file__,
            str(os.getpid()),
            f"{signal.SIGKILL:d}",
        )
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [*bond, sys.executable, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self._module = module
        self._log = log
        self._watchdog = threading.Timer(most_seconds, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Tell whether the child has not ended yet."""
        return self._process.poll() is None

    def hear(self) -> str:
        """Return the next line; raise BenchError where the child ends without one."""
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            raise BenchError(f"{self._module} ended too early: {self._fault()}")
        return line.decode().strip()

    def tell(self) -> None:
        """Send an empty line."""
        if self._process.stdin:
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()

    def finish(self) -> None:
        """Wait for the end; raise BenchError where it was no good one."""
        if self._process.wait():
            raise BenchError(f"{self._module} failed: {self._fault()}")

    def end(self) -> None:
        """Kill what still runs and let go of the pipes."""
        self._watchdog.cancel()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _fault(self) -> str:
        code = self._process.wait()
        words = self._log.read_text(errors="replace").strip().splitlines()[-_LAST_WORDS:]
        return " / ".join(words) or f"exit code {code}"


@contextlib.contextmanager
def child(module: str, arguments: Sequence[str], most_seconds: float, log: Path) -> Iterator[Child]:
    """Run a module of ours while the block lasts."""
    running = Child(module, arguments, most_seconds, log)
    try:
        yield running
    finally:
        running.end()

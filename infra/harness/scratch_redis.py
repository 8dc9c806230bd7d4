"""A Redis for a while: empty, on a free port, with nothing worth keeping."""

import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.harness.ports import free_ports
from infra.supervisor.embedded_redis import server_command
from infra.supervisor.probes import RedisProbe
from shared.errors import BenchError
from shared.pdeathsig import dying_with_this_process

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


class ScratchRedis:
    """A server in a folder of its own; a context manager. `options` go over the stack's own."""

    def __init__(
        self,
        folder: Path,
        *,
        append_only: bool = False,
        options: Mapping[str, str] | None = None,
    ) -> None:
        (self.port,) = free_ports(1)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None
        self._folder = folder
        self._options = {
            "appendonly": "yes" if append_only else "no",
            "logfile": str(folder / "redis.log"),
            **(options or {}),
        }

    def start(self) -> None:
        """Start the server and wait until it answers."""
        flags = [word for name, value in self._options.items() for word in (f"--{name}", value)]
        command = (*server_command(self.port, self._folder), *flags)
        self.process = subprocess.Popen(dying_with_this_process(command, signal.SIGTERM))
        deadline = time.monotonic() + _START_SECONDS
        while not self.answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise BenchError(f"no Redis started in {self._folder}")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Tell whether the server takes commands."""
        return RedisProbe(self.url).is_ready(self.pid)

    @property
    def pid(self) -> int:
        """Return the process id; raise BenchError before the start."""
        if self.process is None:
            raise BenchError("this Redis was never started")
        return self.process.pid

    def kill(self) -> None:
        """End the server as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=_STOP_SECONDS)

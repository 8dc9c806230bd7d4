"""One log per service, bounded in size."""

import shlex
import shutil
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

MAX_LOG_BYTES = 10_000_000


class LogFolder:
    """Keep <service>.log and one older generation, <service>.log.1, for every service."""

    def __init__(self, folder: Path, max_bytes: int = MAX_LOG_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def path(self, name: str) -> Path:
        """Return the file of a service's output."""
        return self._folder / f"{name}.log"

    def begin(self, names: Iterable[str]) -> None:
        """Keep the logs of an earlier run as the older generation."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            if self.path(name).exists():
                self.path(name).replace(self._older(name))

    def open(self, name: str, command: tuple[str, ...]) -> BinaryIO:
        """Open a log for appending, and write the command that starts."""
        log = self.path(name).open("ab", buffering=0)
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        log.write(f"--- {now} {shlex.join(command)}\n".encode())
        return log

    def bound(self, names: Iterable[str]) -> None:
        """Rotate what grew too long.

        The process keeps its file open in append mode, so the content is copied and the file cut;
        lines written between the two are lost.
        """
        for name in names:
            path = self.path(name)
            if path.exists() and path.stat().st_size > self._max_bytes:
                shutil.copyfile(path, self._older(name))
                with path.open("r+b") as log:
                    log.truncate(0)

    def tail(self, name: str, lines: int = 12) -> str:
        """Return the last lines that the service wrote since its latest start."""
        if not self.path(name).exists():
            return ""
        last: deque[str] = deque(maxlen=lines)
        with self.path(name).open(errors="replace") as log:
            for line in log:
                if line.startswith("--- "):
                    last.clear()
                elif line.strip():
                    last.append(line.rstrip())
        return "\n".join(last)

    def last_words(self, name: str) -> str:
        """Return the sentence with which the service ended, else its last line.

        A library's own thread may log a few lines after it.
        """
        lines = self.tail(name).splitlines() or [""]
        begin = f"parley {name}: "
        said = [line.removeprefix(begin) for line in lines if line.startswith(begin)]
        return said[-1] if said else lines[-1]

    def _older(self, name: str) -> Path:
        return self._folder / f"{name}.log.1"

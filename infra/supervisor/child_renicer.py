"""Let what a process forks yield the processors to all others (Linux only)."""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

_LOOK_SECONDS = 0.1


def renice_children(pid: int, niceness: int) -> None:
    """Raise the niceness of the children of a process's main thread; one that ends is left out."""
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if os.getpriority(os.PRIO_PROCESS, int(child)) < niceness:
                os.setpriority(os.PRIO_PROCESS, int(child), niceness)


class ChildRenicer:
    """Look for new children ten times a second, from a thread of its own.

    Whoever started the process may be busy with other things, as a benchmark is.
    """

    def __init__(self, pid: int, niceness: int, has_ended: Callable[[], bool]) -> None:
        self._pid, self._niceness, self._has_ended = pid, niceness, has_ended
        self._pause = threading.Event()
        self._thread = threading.Thread(target=self._run, name="child-renicer", daemon=True)

    def start(self) -> None:
        """Begin to look, until the process has ended."""
        self._thread.start()

    def _run(self) -> None:
        while not self._has_ended():
            renice_children(self._pid, self._niceness)
            self._pause.wait(_LOOK_SECONDS)

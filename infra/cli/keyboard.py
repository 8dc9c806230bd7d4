"""Single keys of a person, without Enter."""

import os
import select
import sys
import termios
import tty
from typing import Any, Self


class Keyboard:
    """Read keys as they are pressed, and leave the terminal as it was. A context manager.

    Without a terminal there are no keys, only waiting. Ctrl-C interrupts as ever.
    """

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno() if sys.stdin.isatty() else None
        self._former: list[Any] = []

    def pressed(self, seconds: float) -> str:
        """Return the key that was pressed within this time, an empty text for none."""
        if self._descriptor is None:
            select.select([], [], [], seconds)
            return ""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        return os.read(self._descriptor, 1).decode(errors="replace") if ready else ""

    def __enter__(self) -> Self:
        if self._descriptor is not None:
            self._former = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor)
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._former)

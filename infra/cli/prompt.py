"""The line that a person types on, and what is printed above it meanwhile."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_CLEAR_LINE = "\r\x1b[K"


class Prompt:
    """Read lines from a person, or from a pipe; other threads may print meanwhile.

    On a terminal the line can be edited and earlier ones come back with the arrow keys. They are
    kept nowhere.
    """

    def __init__(self, screen: "Console", mark: str = "› ") -> None:
        self._screen = screen
        self._mark = mark if sys.stdin.isatty() else ""
        self._typing = False
        self._lock = threading.RLock()
        self._typed: Callable[[], str] = str
        if self._mark:
            import readline

            self._typed = readline.get_line_buffer

    @property
    def is_typed(self) -> bool:
        """Tell whether a person types, and not a pipe."""
        return bool(self._mark)

    def lines(self) -> Iterator[str]:
        """Yield what is typed, without blank lines, until Ctrl-D or Ctrl-C."""
        while True:
            try:
                self._typing = True
                line = input(self._mark).strip()
            except (EOFError, KeyboardInterrupt):
                if self._mark:
                    print()
                return
            finally:
                self._typing = False
            if line:
                yield line

    @contextmanager
    def above(self) -> Iterator["Console"]:
        """Print above the line that is being typed, which is there again afterwards."""
        with self._lock:
            redraw = self._typing and bool(self._mark)
            if redraw:
                sys.stdout.write(_CLEAR_LINE)
            yield self._screen
            if redraw:
                sys.stdout.write(self._mark + self._typed())
                sys.stdout.flush()

"""One at a time may use an engine: messages first, what can wait in between."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Give turns at something that one thread at a time may use.

    Who can wait gets a turn only when nobody else is at it or wants to be; what it does in a turn
    must be short, since others then wait for its end.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._first_waiting = 0

    @contextmanager
    def first(self) -> Iterator[None]:
        """Have the next turn."""
        with self._changed:
            self._first_waiting += 1
            self._changed.wait_for(lambda: not self._taken)
            self._first_waiting -= 1
            self._taken = True
        try:
            yield
        finally:
            self._end()

    @contextmanager
    def behind(self) -> Iterator[None]:
        """Have a turn once nobody who comes first waits for one."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken and not self.first_waits)
            self._taken = True
        try:
            yield
        finally:
            self._end()

    @property
    def first_waits(self) -> bool:
        """Return whether somebody waits who comes first."""
        return self._first_waiting > 0

    def _end(self) -> None:
        with self._changed:
            self._taken = False
            self._changed.notify_all()

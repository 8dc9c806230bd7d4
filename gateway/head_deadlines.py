"""Cuts off clients whose requests do not begin in time, with one timer for all of them.

Nothing here imports Flask: gunicorn's parent process imports its worker class, and with it this.
"""

import contextlib
import socket
import time
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import gevent

STEP_SECONDS = 0.25


class HeadDeadlines:
    """Stop reading from connections on which no whole head has come within a time.

    A timer of its own for each request costs more than all else that waiting for it takes.
    """

    def __init__(
        self, seconds: float, monotonic: Callable[[], float] = time.monotonic, *, runs: bool = True
    ) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._due: dict[Any, float] = {}  # in the order in which they are due
        self._is_running = not runs

    def begin(self, connection: Any) -> None:
        """Give a connection the whole time from now on."""
        self._due.pop(connection, None)
        self._due[connection] = self._monotonic() + self._seconds
        if not self._is_running:
            self._is_running = True
            gevent.spawn(self._run)

    def end(self, connection: Any) -> bool:
        """Watch a connection no longer; tell whether it was in time."""
        return self._due.pop(connection, None) is not None

    def cut_off(self) -> None:
        """Stop reading from all whose time is over: whoever waits for more of them gets the end."""
        now = self._monotonic()
        for connection, _ in [*takewhile(lambda each: each[1] <= now, self._due.items())]:
            del self._due[connection]
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)

    def _run(self) -> None:
        while self._due:
            gevent.sleep(STEP_SECONDS)
            self.cut_off()
        self._is_running = False

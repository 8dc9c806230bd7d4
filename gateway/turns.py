"""Who is served next where more is asked than the process can do: answers go before new requests.

gevent serves every connection that has something to read before it looks at any again. With a
thousand requests that is half a second in which no reply from Redis is read.
"""

from collections import deque

from gevent import get_hub
from gevent.hub import Waiter

AT_ONCE = 8
BEHIND = 64


class Turns:
    """Let a few requests begin in each pass of the event loop, in the order in which they came.

    Greenlets that wait for anything else than their turn get on between two passes.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._left = at_once
        self._waiting: deque[Waiter] = deque()
        self._is_scheduled = False

    @property
    def has_waiting(self) -> bool:
        """Tell whether anybody waits for a turn."""
        return bool(self._waiting)

    @property
    def is_behind(self) -> bool:
        """Tell whether more wait for their turn than are served in some tens of milliseconds."""
        return len(self._waiting) >= BEHIND

    def take(self) -> bool:
        """Return once it is the caller's turn, and whether it had to wait."""
        if not self._is_scheduled:
            self._schedule()
        if self._left > 0:
            self._left -= 1
            return False
        waiter = Waiter()
        self._waiting.append(waiter)
        waiter.get()
        return True

    def _schedule(self) -> None:
        self._is_scheduled = True
        get_hub().loop.run_callback(self._begin_pass)

    def _begin_pass(self) -> None:
        self._is_scheduled = False
        self._left = self._at_once
        while self._waiting and self._left > 0:
            self._left -= 1
            self._waiting.popleft().switch(None)
        if self._left < self._at_once and not self._is_scheduled:
            self._schedule()

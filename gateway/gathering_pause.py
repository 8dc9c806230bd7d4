"""Lets what arrives gather while others are refused: many requests at a time cost less than one.

Nothing here imports Flask: gunicorn's parent process imports its worker class, and with it this.
"""

from collections.abc import Callable
from typing import Any

from gevent import get_hub
from gevent.monkey import get_original

from gateway.turns import Turns

# Of what waits for seconds anyway; a process that sleeps in between wakes up for each request.
PAUSE_SECONDS = 0.004


class GatheringPause:
    """Let the whole process sleep for a moment after each pass of the event loop that refuses.

    Not while anybody waits for a turn: then enough has come. What is refused, and what is answered
    meanwhile, comes later by as much at most.
    """

    def __init__(self, turns: Turns, sleep: Callable[[float], Any] | None = None) -> None:
        self._turns = turns
        # gevent's own would let others run, and wake up for each of them.
        self._sleep = sleep or get_original("time", "sleep")
        self._is_scheduled = False

    def after_refusal(self) -> None:
        """Sleep at the end of this pass, once."""
        if not self._is_scheduled:
            self._is_scheduled = True
            get_hub().loop.run_callback(self._pause)

    def _pause(self) -> None:
        self._is_scheduled = False
        if not self._turns.has_waiting:
            self._sleep(PAUSE_SECONDS)

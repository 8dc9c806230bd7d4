"""When to lease: not long before the engine is free.

A message leased early gains nothing, and each lease costs the same few calls however many messages
it brings. What stays on the queue is there for any worker, and goes in one lease.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from shared.clock import Clock
from workers.engines.cost import CostModel

LEAD_SECONDS = 0.010  # to lease and prepare a batch
TONE_REST_SECONDS = 0.020


class Pace(Protocol):
    """Holds the intake back while it would be too early."""

    def rest(self) -> None:
        """Return when it is time to lease."""


class EnginePace:
    """Lease when the engine is idle, or will be in a moment as its cost model has it."""

    def __init__(self, clock: Clock, cost: CostModel) -> None:
        self._clock = clock
        self._cost = cost
        self._free = threading.Event()
        self._free.set()
        self._free_at = 0.0

    def begin(self, tokens: int) -> None:
        """Learn that the engine runs so many tokens, padding included, from now on."""
        self._free_at = self._clock.monotonic() + self._cost.seconds(tokens)
        self._free.clear()

    def end(self) -> None:
        """Learn that the engine is free."""
        self._free.set()

    def rest(self) -> None:
        """Return at once where the engine is idle, else shortly before it should be."""
        seconds = self._free_at - self._clock.monotonic() - LEAD_SECONDS
        if seconds > 0:
            self._free.wait(seconds)


class TonePace:
    """Let tones wait a little while the answers that they belong to wait far longer.

    A tone batch of three costs twice as much a message as one of sixteen, which is felt where
    the same processors run the answers.
    """

    def __init__(
        self, answers_waiting: Callable[[], bool], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._answers_waiting = answers_waiting
        self._sleep = sleep

    def rest(self) -> None:
        """Return at once where hardly any answer waits for an engine."""
        if self._answers_waiting():
            self._sleep(TONE_REST_SECONDS)


class NoPace:
    """Lease at any time."""

    def rest(self) -> None:
        """Return at once."""

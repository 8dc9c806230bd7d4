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

TONE_LINGER_SECONDS = 0.020
FIRST_PREPARE_SECONDS = 0.005
# Too early costs a later arrival its place in the batch; too late, the engine's time.
LEAD_FACTOR = 2.0
_ANSWER_SECONDS = 0.001  # about what an answer keeps an engine, at least
_LEARNING = 0.2  # weight of the newest batch in what is known of those before


class Linger(Protocol):
    """Holds the fetcher back as long as it would be too early."""

    def wait(self) -> None:
        """Return when it is time to lease."""


class EngineLinger:
    """Lease when the engine is idle, or will be by the time that the batch is prepared.

    The engine's cost model was measured while it ran alone. With other processes on the same
    cores it takes longer, and so does the fetcher: both are learnt from each batch. `free` is set
    while the engine is idle.
    """

    def __init__(self, clock: Clock, cost: CostModel, free: threading.Event | None = None) -> None:
        self._clock = clock
        self._cost = cost
        self._free = free or threading.Event()
        self._free.set()
        self._began_at = 0.0
        self._expected_seconds = 0.0
        self._slowdown = 1.0
        self._prepare_seconds = FIRST_PREPARE_SECONDS

    def begin(self, tokens: int) -> None:
        """Record that the engine runs this many tokens, padding included, from now on."""
        self._expected_seconds = self._cost.seconds(tokens)
        self._began_at = self._clock.monotonic()
        self._free.clear()

    def end(self) -> None:
        """Record that the engine is free."""
        if self._expected_seconds > 0:
            slowdown = (self._clock.monotonic() - self._began_at) / self._expected_seconds
            self._slowdown += _LEARNING * (slowdown - self._slowdown)
        self._free.set()

    def prepared(self, seconds: float) -> None:
        """Record how long it took to prepare a batch."""
        self._prepare_seconds += _LEARNING * (seconds - self._prepare_seconds)

    def wait(self) -> None:
        """Return at once if the engine is idle, else shortly before it should be."""
        if self._free.is_set():
            return
        free_at = self._began_at + self._slowdown * self._expected_seconds
        seconds = free_at - LEAD_FACTOR * self._prepare_seconds - self._clock.monotonic()
        if seconds > 0:
            self._free.wait(seconds)


class ToneLinger:
    """Let tones wait a little while the answers that they belong to wait longer.

    Not where tone tasks are queued only once their messages were read: these are gathered already,
    and their answers wait for nothing else.

    A tone batch of three costs twice as much a message as one of sixteen, which is felt if
    the same cores run the answers.
    """

    def __init__(
        self, answers_waiting: Callable[[], int], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._answers_waiting = answers_waiting
        self._sleep = sleep

    def wait(self) -> None:
        """Return after no longer than the engine needs for the answers that wait before."""
        seconds = min(TONE_LINGER_SECONDS, _ANSWER_SECONDS * self._answers_waiting())
        if seconds:
            self._sleep(seconds)


class NoLinger:
    """Lease at any time."""

    def wait(self) -> None:
        """Return at once."""

"""What happened of late, as a worker reports it: a pace under load, and a sum that fades."""

import threading
from math import exp

from shared.clock import Clock
from workers.consumer.batching import BatchLimits
from workers.engines.cost import CostModel

_TYPICAL_TOKENS = 16  # of a message
_WINDOW_SECONDS = 30.0
_EXPECTED_SECONDS = 1.0  # weight of what was expected, against what is measured
_MAX_BATCH_SECONDS = 10.0  # beyond, Redis was away: that is not the worker's pace
_SHORTEST_SECONDS = 1e-4  # of a message, whatever an engine says of itself


def expected_message_seconds(cost: CostModel, limits: BatchLimits) -> float:
    """Return the seconds a message in full batches, before anything was measured."""
    messages = max(1, min(limits.messages, limits.tokens // _TYPICAL_TOKENS))
    return max(_SHORTEST_SECONDS, cost.seconds(messages * _TYPICAL_TOKENS) / messages)


class LoadedPace:
    """Learn how many messages a second a worker answers while others wait.

    Only the time between batches that left messages waiting counts: a batch of few messages says
    nothing about full ones. What was measured is kept until more is; `_WINDOW_SECONDS` of load
    replace it.
    """

    def __init__(self, clock: Clock, message_seconds: float) -> None:
        self._clock = clock
        self._seconds = _EXPECTED_SECONDS
        self._messages = _EXPECTED_SECONDS / message_seconds
        self._last: tuple[float, int] | None = None
        self._lock = threading.Lock()

    def begin_batch(self, messages: int, *, more_wait: bool) -> None:
        """Take note of a batch that begins now; `more_wait` than it could take."""
        now = self._clock.monotonic()
        with self._lock:
            if self._last:
                began_at, taken = self._last
                seconds = min(now - began_at, _MAX_BATCH_SECONDS)
                kept = exp(-seconds / _WINDOW_SECONDS)
                self._seconds = self._seconds * kept + seconds
                self._messages = self._messages * kept + taken
            self._last = (now, messages) if more_wait else None

    def add(self, messages: int) -> None:
        """Take note of more messages that are answered while the newest batch is."""
        with self._lock:
            if self._last:
                began_at, taken = self._last
                self._last = (began_at, taken + messages)

    def per_second(self) -> float:
        """Return messages a second."""
        with self._lock:
            return self._messages / self._seconds


class FadingSum:
    """A sum of which 1/e is left after `_WINDOW_SECONDS`; safe from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sum = 0.0
        self._at = clock.monotonic()
        self._lock = threading.Lock()

    def add(self, amount: float) -> None:
        """Add an amount."""
        with self._lock:
            now = self._clock.monotonic()
            self._sum, self._at = self._faded(now) + amount, now

    def value(self) -> float:
        """Return what is left; nothing once it is less than one."""
        with self._lock:
            left = self._faded(self._clock.monotonic())
            return left if left >= 1 else 0.0

    def _faded(self, now: float) -> float:
        return self._sum * exp(-(now - self._at) / _WINDOW_SECONDS)

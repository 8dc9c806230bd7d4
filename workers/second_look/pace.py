"""How fast a large worker looks at messages, as small workers read it from its heartbeats."""

import threading
from collections.abc import Mapping
from math import exp

from shared.clock import Clock

_LEARNING = 0.3  # weight of the newest batch
_FORGET_SECONDS = 30.0  # a worker that was slow while others took its processor is tried again


class Pace:
    """Seconds that a message keeps the worker: those of its last batches, the newest most.

    Starts at `expected_seconds`, and goes back there while nothing comes, since without a message
    it could not learn that it has become faster.
    """

    def __init__(self, clock: Clock, expected_seconds: float) -> None:
        self._clock = clock
        self._expected = self._measured = expected_seconds
        self._measured_at = clock.monotonic()
        self._lock = threading.Lock()

    def record(self, messages: int, seconds: float) -> None:
        """Take a batch into account."""
        with self._lock:
            self._measured = self._now()
            self._measured += _LEARNING * (seconds / messages - self._measured)
            self._measured_at = self._clock.monotonic()

    def gauges(self) -> Mapping[str, float]:
        """Return what hand_over.lua reads."""
        with self._lock:
            return {"pace_seconds": self._now()}

    def _now(self) -> float:
        kept = exp(-(self._clock.monotonic() - self._measured_at) / _FORGET_SECONDS)
        return self._expected + (self._measured - self._expected) * kept

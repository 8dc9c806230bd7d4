"""How fast a large worker looks at messages, as small workers read it from its heartbeats."""

import threading
from collections.abc import Mapping
from math import exp

from shared.clock import Clock

_LEARNING = 0.3  # weight of the newest batch
_DEVIATIONS = 2.0  # beyond the mean: most come back by then (TCP sets its timeout alike)
# A worker that was slow while others took its processor is tried again after a while: without a
# message it could not learn that it has become faster.
_FORGET_PACE_SECONDS = 30.0
_FORGET_TURNAROUND_SECONDS = 5.0


class Pace:
    """Learn from each batch what the next message can expect; safe from any thread.

    The pace is the seconds that a message keeps the worker; it starts at `expected_seconds`, and
    goes back there while nothing comes. The turnaround is the time from hand-over to decision that
    few messages exceeded lately.
    """

    def __init__(self, clock: Clock, expected_seconds: float) -> None:
        self._clock = clock
        self._expected = self._pace = expected_seconds
        self._mean = self._deviation = 0.0
        self._measured_at = clock.monotonic()
        self._lock = threading.Lock()

    def record(self, messages: int, engine_seconds: float, turnaround_seconds: float) -> None:
        """Take a batch into account; `turnaround_seconds` is its mean."""
        with self._lock:
            self._pace, (self._mean, self._deviation) = self._paced(), self._turned()
            self._pace += _LEARNING * (engine_seconds / messages - self._pace)
            error = turnaround_seconds - self._mean
            self._mean += _LEARNING * error
            self._deviation += _LEARNING * (abs(error) - self._deviation)
            self._measured_at = self._clock.monotonic()

    def gauges(self) -> Mapping[str, float]:
        """Return what hand_over.lua reads."""
        with self._lock:
            mean, deviation = self._turned()
            return {
                "pace_seconds": self._paced(),
                "turnaround_seconds": mean + _DEVIATIONS * deviation,
            }

    def _paced(self) -> float:
        return self._expected + (self._pace - self._expected) * self._kept(_FORGET_PACE_SECONDS)

    def _turned(self) -> tuple[float, float]:
        kept = self._kept(_FORGET_TURNAROUND_SECONDS)
        return self._mean * kept, self._deviation * kept

    def _kept(self, forget_seconds: float) -> float:
        return exp(-(self._clock.monotonic() - self._measured_at) / forget_seconds)

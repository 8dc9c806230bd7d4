"""How fast replies come in, and so how long a refused client should stay away."""

import math

from shared.clock import Clock


class DrainRate:
    """Average replies per second with exponential forgetting.

    `window_seconds` is the time after which an old reply counts 1/e.
    """

    def __init__(self, clock: Clock, window_seconds: float = 10.0) -> None:
        self._clock = clock
        self._window_seconds = window_seconds
        self._started = self._counted = clock.monotonic()
        self._weight = 0.0

    def count(self, replies: int) -> None:
        """Take note of replies that came in now."""
        self._weight = self._faded() + replies
        self._counted = self._clock.monotonic()

    def per_second(self) -> float:
        """Return the rate now; the short history of a young process is not read as slowness."""
        age = self._clock.monotonic() - self._started
        observed_seconds = self._window_seconds * -math.expm1(-age / self._window_seconds)
        return self._faded() / max(observed_seconds, 0.1)

    def seconds_to_drain(self, backlog: int, *, at_most: float) -> float:
        """Estimate when a backlog is worked off: at least 1 s; `at_most` where nothing drains."""
        rate = self.per_second()
        if rate * at_most <= backlog:
            return at_most
        return max(1.0, backlog / rate)

    def _faded(self) -> float:
        elapsed = self._clock.monotonic() - self._counted
        return self._weight * math.exp(-elapsed / self._window_seconds)

"""Time as a port: the system's clock, and one that tests turn by hand."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tell the time."""

    def now(self) -> float:
        """Return Unix time in seconds; comparable between machines."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards; comparable within this process only."""


class SystemClock:
    """Read the operating system's clocks."""

    def now(self) -> float:
        """Return Unix time in seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start."""
        return time.monotonic()


class ManualClock:
    """Stand still until a test calls `advance`."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the time that the test has set."""
        return self._now

    def monotonic(self) -> float:
        """Return the same time: a hand-turned clock never runs backwards."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        if seconds < 0:
            raise ValueError("a clock does not run backwards")
        self._now += seconds

"""Time: the interface, and the system's clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """Return the time."""

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

"""A clock that stands still until a test moves it."""


class ManualClock:
    """Stand still until a test calls `advance`."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the time that the test has set."""
        return self._now

    def monotonic(self) -> float:
        """Return the same time: a manual clock never runs backwards either."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        if seconds < 0:
            raise ValueError("a clock does not run backwards")
        self._now += seconds

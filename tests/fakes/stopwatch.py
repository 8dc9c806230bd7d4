"""A clock that stands still until something sleeps."""


class Stopwatch:
    """Count the seconds slept; `read` is the clock, `sleep` advances it."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

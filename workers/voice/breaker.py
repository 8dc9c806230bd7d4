"""A circuit breaker: a server that fails again and again is left alone for a while."""

import threading
from dataclasses import dataclass

from shared.clock import Clock

FAILURES = 5
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Try:
    """Leave to ask the server once; tells its outcome from those of before the last opening.

    `ends_pause`: it is the one after a pause, and most likely in vain.
    """

    openings: int
    ends_pause: bool = False


class Breaker:
    """Let tries through until some in a row fail, then one after each pause, which doubles.

    The first try that succeeds then ends the pauses. Each try is settled once, by `succeed`, `fail`
    or `abandon`. Safe from many threads at once.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        failures: int = FAILURES,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
        longest_pause_seconds: float = LONGEST_PAUSE_SECONDS,
    ) -> None:
        self._clock = clock
        self._most_failures = failures
        self._first_pause = first_pause_seconds
        self._longest_pause = longest_pause_seconds
        self._lock = threading.Lock()
        self._failures = 0
        self._openings = 0
        self._pause = first_pause_seconds
        self._opens_until: float | None = None  # None: closed
        self._is_tried = False

    @property
    def is_open(self) -> bool:
        """Tell whether a try would be refused now; between pauses, until one is let through, no."""
        with self._lock:
            return self._refuses()

    @property
    def pause_seconds(self) -> float:
        """Return how long it is open from now on at the longest, 0 when it is closed."""
        with self._lock:
            if self._opens_until is None:
                return 0.0
            return max(0.0, self._opens_until - self._clock.monotonic())

    def admit(self) -> Try | None:
        """Return leave to ask the server, or None."""
        with self._lock:
            if self._refuses():
                return None
            self._is_tried = self._opens_until is not None
            return Try(self._openings, ends_pause=self._is_tried)

    def succeed(self, attempt: Try) -> None:
        """Close the breaker: the server did its work."""
        with self._lock:
            if attempt.openings == self._openings:
                self._failures = 0
                self._pause = self._first_pause
                self._opens_until = None
                self._is_tried = False

    def fail(self, attempt: Try) -> bool:
        """Count a failure; tell whether it opened the breaker."""
        with self._lock:
            if attempt.openings != self._openings:
                return False
            self._failures += 1
            is_too_many = self._is_tried or self._failures >= self._most_failures
            if is_too_many:
                self._open()
            return is_too_many

    def abandon(self, attempt: Try) -> None:
        """Forget a try that says nothing of the server."""
        with self._lock:
            if attempt.openings == self._openings:
                self._is_tried = False

    def _refuses(self) -> bool:
        if self._opens_until is None:
            return False
        return self._is_tried or self._clock.monotonic() < self._opens_until

    def _open(self) -> None:
        self._opens_until = self._clock.monotonic() + self._pause
        self._pause = min(self._longest_pause, self._pause * 2)
        self._openings += 1
        self._is_tried = False

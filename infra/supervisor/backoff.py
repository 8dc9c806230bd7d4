"""How long a service that died stays down."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Bring what has served back at once; let what does not start wait ever longer.

    Before readiness the wait doubles with each failure in a row. After it there is none, unless
    lives are short: a service that dies sooner than it took to start, again and again, would keep a
    processor busy with starting. From the second short life in a row on it waits too, but never for
    long, since messages wait with it.
    """

    first_seconds: float = 1.0
    max_seconds: float = 30.0
    short_lives_max_seconds: float = 5.0
    shortest_life_seconds: float = 1.0
    failed_starts: int = 3

    def wait_after_failed_start(self, failures: int) -> float:
        """Return the wait after this many deaths in a row before readiness (1 or more)."""
        return min(self.max_seconds, self._doubled(failures))

    def is_short_life(self, start_seconds: float, served_seconds: float) -> bool:
        """Tell whether a service died sooner after it was ready than it had taken to start."""
        return served_seconds < max(start_seconds, self.shortest_life_seconds)

    def wait_after_service(self, short_lives: int) -> float:
        """Return the wait of a service that was ready, after so many short lives in a row."""
        if short_lives < 2:
            return 0.0
        return min(self.short_lives_max_seconds, self._doubled(short_lives - 1))

    def _doubled(self, times: int) -> float:
        return self.first_seconds * 2.0 ** min(times - 1, 30)

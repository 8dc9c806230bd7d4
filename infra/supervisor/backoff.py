"""How long a service that died stays down."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Double the wait with each failure in a row, and forget failures after a steady while."""

    first_seconds: float = 1.0
    max_seconds: float = 30.0
    steady_seconds: float = 60.0
    failed_starts: int = 3

    def wait_seconds(self, failures: int) -> float:
        """Return the wait after this many failures in a row (1 or more)."""
        doublings = min(failures - 1, 30)
        return min(self.max_seconds, self.first_seconds * 2.0**doublings)

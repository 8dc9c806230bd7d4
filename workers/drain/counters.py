"""What a worker counts; told with every heartbeat and shown at the gateway's /metrics."""

import threading
from collections.abc import Mapping


class Counters:
    """Sums by name since the start; safe from any thread."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._lock = threading.Lock()

    def add(self, **amounts: float) -> None:
        """Add to the sums of these names."""
        with self._lock:
            for name, amount in amounts.items():
                self._sums[name] = self._sums.get(name, 0.0) + amount

    def snapshot(self) -> Mapping[str, float]:
        """Return all sums as they stand."""
        with self._lock:
            return dict(self._sums)

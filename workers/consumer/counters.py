"""What a worker counts; reported with every heartbeat and shown at the gateway's /metrics."""

import threading
import time
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

    def laps(self) -> "Laps":
        """Begin to count what the calling thread computes, step by step."""
        return Laps(self)

    def snapshot(self) -> Mapping[str, float]:
        """Return all sums as they stand."""
        with self._lock:
            return dict(self._sums)


class Laps:
    """Counts what one thread computes, each lap as that of the step that ends with it.

    Reading a thread's clock costs two microseconds or more, so it is read once a lap. Threads that
    a step has of its own, as an engine with several, are not seen.
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._began = time.thread_time()

    def end(self, step: str) -> None:
        """Add what was computed since the last lap ended to `<step>_cpu_seconds`."""
        now = time.thread_time()
        self._counters.add(**{f"{step}_cpu_seconds": now - self._began})
        self._began = now

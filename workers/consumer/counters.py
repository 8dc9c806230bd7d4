"""What a worker counts; reported with every heartbeat and shown at the gateway's /metrics."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


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

    @contextmanager
    def cpu(self, step: str) -> Iterator[None]:
        """Add what the calling thread computes in the block to `<step>_cpu_seconds`.

        Threads that a step has of its own, as an engine with several, are not seen.
        """
        began = time.thread_time()
        try:
            yield
        finally:
            self.add(**{f"{step}_cpu_seconds": time.thread_time() - began})

    def snapshot(self) -> Mapping[str, float]:
        """Return all sums as they stand."""
        with self._lock:
            return dict(self._sums)

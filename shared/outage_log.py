"""One log line when Redis goes and one when it is back, however many calls meet its absence."""

import logging
import threading


class OutageLog:
    """Log that the queue is gone and that it is back; safe from any thread."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._lasts = False
        self._lock = threading.Lock()

    def record(self, fault: str | None) -> None:
        """Record one attempt to reach the queue: what went wrong, or None."""
        if (fault is not None) is self._lasts:
            return
        with self._lock:
            if fault is not None and not self._lasts:
                self._logger.warning("the queue is unavailable: %s", fault)
            elif fault is None and self._lasts:
                self._logger.info("the queue is available again")
            self._lasts = fault is not None

"""One log line when something is down and one when it is back, however many calls fail between."""

import logging
import threading


class OutageLog:
    """Log that `subject` is unavailable and that it is available again; safe from any thread."""

    def __init__(self, logger: logging.Logger, subject: str = "the queue") -> None:
        self._logger = logger
        self._subject = subject
        self._lasts = False
        self._lock = threading.Lock()

    def record(self, fault: str | None) -> None:
        """Take the outcome of one attempt: what went wrong, or None."""
        if (fault is not None) is self._lasts:
            return
        with self._lock:
            if fault is not None and not self._lasts:
                self._logger.warning("%s is unavailable: %s", self._subject, fault)
            elif fault is None and self._lasts:
                self._logger.info("%s is available again", self._subject)
            self._lasts = fault is not None

"""Log lines that a program can read: one JSON object a line, never a message's text."""

import logging
from datetime import UTC, datetime

import msgspec

logger = logging.getLogger("parley.gateway")


class JsonLines(logging.Formatter):
    """Write time, level, logger, process, text and, where there is one, the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def write_lines(level: str) -> None:
    """Send what Parley logs in this process to standard error, from this level on."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    parley = logging.getLogger("parley")
    parley.handlers[:] = [handler]
    parley.setLevel(level.upper())
    parley.propagate = False


class Outage:
    """Log that the queue is gone and that it is back, not every request that meets it."""

    def __init__(self) -> None:
        self._lasts = False

    def note(self, fault: str | None) -> None:
        """Take note of one attempt to reach the queue: what went wrong, or None."""
        if fault is not None and not self._lasts:
            logger.warning("the queue is unavailable: %s", fault)
        elif fault is None and self._lasts:
            logger.info("the queue is available again")
        self._lasts = fault is not None

"""Log lines that a program can read: one JSON object a line, never a message's text."""

import logging
from datetime import UTC, datetime

import msgspec


class JsonLines(logging.Formatter):
    """Write time, level, logger, process, text and, if there is one, the traceback."""

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

"""One log for all parts: lines for people or JSON for programs, never a message's text."""

import logging
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO

import msgspec

from shared.tracing.context import current_trace

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


class TextFormatter(logging.Formatter):
    """Write time, process, level, logger and text.

    Each further line of a text or traceback is indented, so that only a new entry begins in the
    first column.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return one entry, without its line end."""
        at = datetime.fromtimestamp(record.created, UTC).astimezone()
        head = f"{at.isoformat(' ', 'milliseconds')} [{record.process}] {record.levelname.lower()}"
        parts = [f"{head} {record.name}: {record.getMessage()}"]
        if record.exc_info:
            parts.append(self.formatException(record.exc_info))
        return "\n    ".join(line for part in parts for line in part.splitlines())


class JsonFormatter(logging.Formatter):
    """Write time, level, logger, process, text and, if there are, trace and traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON object, which holds no line break."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "text": record.getMessage(),
        }
        if trace_id := _trace_id(record):
            line["trace_id"] = trace_id
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def _trace_id(record: logging.LogRecord) -> str | None:
    """Return the trace that a line belongs to: one that it names, or that of the request."""
    named: str | None = getattr(record, "trace_id", None)
    context = current_trace.get()
    return named or (context.trace_id if context else None)


class LogHandler(logging.StreamHandler[TextIO]):
    """The one handler that Parley puts on a process's root logger."""


def new_formatter(log_format: LogFormat) -> logging.Formatter:
    """Return the formatter of a format."""
    return JsonFormatter() if log_format == "json" else TextFormatter()


def configure_logging(
    log_format: LogFormat, level: LogLevel | int, stream: TextIO | None = None
) -> None:
    """Write what this process logs from a level on, warnings of Python included.

    Goes to standard error, or to the stream. A second call replaces the first.
    """
    handler = LogHandler(stream or sys.stderr)
    handler.setFormatter(new_formatter(log_format))
    root = logging.getLogger()
    for former in [one for one in root.handlers if isinstance(one, LogHandler)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level.upper() if isinstance(level, str) else level)
    logging.captureWarnings(True)

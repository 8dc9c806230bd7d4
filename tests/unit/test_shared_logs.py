"""Log lines as a process really writes them, in each format."""

import io
import json
import logging
import re
import warnings
from collections.abc import Iterator

import pytest

from shared.logs import LogFormat, LogHandler, LogLevel, configure_logging

logger = logging.getLogger("workers.consumer.fetch")


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[logging.Logger]:
    """Give the root logger back as it was, pytest's own handlers included."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def written(log_format: LogFormat, level: LogLevel = "info") -> list[str]:
    """Return the lines of one process that logs, fails, and logs again."""
    stream = io.StringIO()
    configure_logging(log_format, level, stream)
    logger.debug("fetched %d", 3)
    logger.info("one\nof two lines")
    try:
        int("no number")
    except ValueError:
        logger.exception("it failed")
    return stream.getvalue().splitlines()


def test_text_is_one_entry_a_line_and_the_rest_is_indented() -> None:
    lines = written("text")
    head = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d \[\d+\] "
    assert re.fullmatch(head + r"info workers\.consumer\.fetch: one", lines[0])
    assert lines[1] == "    of two lines"
    assert re.fullmatch(head + r"error workers\.consumer\.fetch: it failed", lines[2])
    assert all(line.startswith("    ") for line in lines[3:])
    assert lines[-1].strip() == "ValueError: invalid literal for int() with base 10: 'no number'"


def test_json_is_one_object_a_line_even_with_a_traceback() -> None:
    first, second = (json.loads(line) for line in written("json"))
    assert first.keys() == {"at", "level", "logger", "pid", "text"}
    assert first["text"] == "one\nof two lines"
    assert first["logger"] == "workers.consumer.fetch"
    assert second["level"] == "error"
    assert second["traceback"].endswith("'no number'")


@pytest.mark.parametrize(("level", "entries"), [("debug", 3), ("info", 2), ("error", 1)])
def test_the_level_is_the_least_severe_that_is_written(level: LogLevel, entries: int) -> None:
    assert len(written("json", level)) == entries


def test_a_warning_of_python_is_a_log_line() -> None:
    stream = io.StringIO()
    configure_logging("json", "info", stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    line = json.loads(stream.getvalue())
    assert line["logger"] == "py.warnings"
    assert "DeprecationWarning: old" in line["text"]


def test_a_second_configuration_replaces_the_first(root_logger: logging.Logger) -> None:
    others = [one for one in root_logger.handlers if not isinstance(one, LogHandler)]
    written("text")
    written("json")
    assert [one for one in root_logger.handlers if not isinstance(one, LogHandler)] == others
    assert len(root_logger.handlers) == len(others) + 1

"""How Celery's workers and Flower begin: log lines in the form of all others, and checks.

What keeps them from serving ends the process with one sentence.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from celery import Celery
from celery.signals import celeryd_init, import_modules, setup_logging
from click.core import ParameterSource

from shared.errors import ParleyError
from shared.logs import LogLevel, configure_logging
from shared.redis_server import check_redis_at_start
from shared.settings import CommonSettings, load
from shared.tracing.start import check_tracing
from workers.celery_environment import refuse_foreign_options


def connect_logging() -> None:
    """Let Parley set the logging of every Celery worker and of Flower in this process up."""
    celeryd_init.connect(_configure_first, weak=False)
    setup_logging.connect(_configure_worker, weak=False)
    import_modules.connect(_configure_flower, weak=False)


def _configure_first(options: Mapping[str, Any], **_signal: Any) -> None:
    """Catch what a worker says before Celery sets the logging up, such as that it is root's."""
    with ending_with_a_sentence():
        settings = load(CommonSettings)
        configure_logging(settings.log_format, _level(options.get("loglevel"), settings))
        refuse_foreign_options(os.environ)
        check_tracing(settings)
        check_redis_at_start(settings.redis_address, settings.partitions)


def _configure_worker(loglevel: int, logfile: str | None = None, **_signal: Any) -> None:
    settings = load(CommonSettings)
    # Open as long as the process lives.
    stream = open(logfile, "a", encoding="utf-8") if logfile else None  # noqa: SIM115, PTH123
    configure_logging(settings.log_format, _level(loglevel, settings), stream)
    if settings.log_format == "json":
        _close_stdout()


def _configure_flower(sender: Celery, **_signal: Any) -> None:
    """Replace Tornado's handler; Flower has set it up by now and sends no signal of its own.

    Its handlers look results up with whatever application is the process's own.
    """
    context = click.get_current_context(silent=True)
    if context is None or context.info_name != "flower":
        return
    sender.set_default()
    sender.set_current()
    with ending_with_a_sentence():
        settings = load(CommonSettings)
        logging.getLogger().handlers.clear()
        configure_logging(settings.log_format, settings.log_level)
        check_redis_at_start(settings.redis_address, settings.partitions)


@contextmanager
def ending_with_a_sentence() -> Iterator[None]:
    """End the process if a ParleyError is raised: Celery's signals would only log it."""
    try:
        yield
    except ParleyError as fault:
        raise SystemExit(f"parley: {fault}") from None


def _level(loglevel: int | None, settings: CommonSettings) -> LogLevel | int:
    """Return the command's level if it was given, not left at its default; else the setting's."""
    context = click.get_current_context(silent=True)
    source = context.get_parameter_source("loglevel") if context else None
    if loglevel is None or source is not ParameterSource.COMMANDLINE:
        return settings.log_level
    return loglevel


def _close_stdout() -> None:
    """Drop what Celery writes to standard output: its banner and its farewell are for people."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)

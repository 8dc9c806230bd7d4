"""Threads whose failure ends the worker: only a dead worker's messages are reclaimed."""

import logging
import os
from collections.abc import Callable

from shared.errors import QueueUnavailable

FAILED = 70  # EX_SOFTWARE
_log = logging.getLogger(__name__)


def guarded(run: Callable[[], None]) -> None:
    """Run a thread's work; if it fails, end the process."""
    try:
        run()
    except QueueUnavailable:
        _log.warning("stopping without Redis; another worker returns what this one held")
    except BaseException:  # noqa: BLE001 - logged, and the process ends
        _log.critical("the batch consumer failed; this worker ends", exc_info=True)
        os._exit(FAILED)

"""Outlast an absence of Redis: what a worker has worked out must not be thrown away."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from shared.connection import backoff_seconds
from shared.errors import QueueUnavailable
from shared.outage_log import OutageLog

_log = logging.getLogger(__name__)
_MAX_PAUSE_SECONDS = 1.0
Result = TypeVar("Result")


class RetryPolicy:
    """Repeat a call to the queue until it succeeds, or until the worker stops.

    All threads of a worker share one: the outage is logged once, its end too.
    """

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._outage = OutageLog(_log)

    def retry_until_stopped(self, call: Callable[[], Result]) -> Result:
        """Return what the call returns; raise QueueUnavailable only when the worker stops."""
        failures = 0
        while True:
            try:
                return self.try_once(call)
            except QueueUnavailable:
                if self._stopping.is_set():
                    raise
            failures += 1
            self._stopping.wait(backoff_seconds(failures, _MAX_PAUSE_SECONDS))

    def try_once(self, call: Callable[[], Result]) -> Result:
        """Return what the call returns or raise QueueUnavailable; note which of the two."""
        try:
            result = call()
        except QueueUnavailable as absence:
            self._outage.note(str(absence))
            raise
        if not self._stopping.is_set():  # else the call may have given up before it was made
            self._outage.note(None)
        return result

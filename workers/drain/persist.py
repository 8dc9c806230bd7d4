"""Outlast an absence of Redis: what a worker has worked out must not be thrown away."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from shared.errors import QueueUnavailable

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 0.2
Result = TypeVar("Result")


class Persister:
    """Repeat a call to the queue until it succeeds, or until the worker stops."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping

    def insist(self, call: Callable[[], Result]) -> Result:
        """Return what the call returns; raise QueueUnavailable only when the worker stops."""
        while True:
            try:
                return call()
            except QueueUnavailable as absence:
                if self._stopping.is_set():
                    raise
                _log.warning("%s; trying again", absence)
                self._stopping.wait(_PAUSE_SECONDS)

"""Celery's own consumer, as Parley runs it: quick to start, and patient with Redis.

It carries remote control, heartbeats and events; messages go by the batch consumer's own links.
"""

import logging
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import redis
from celery.worker.consumer import Consumer

from shared.redis_faults import describe_fault
from workers.consumer.neighbours import Neighbours

_PAUSES = {"interval_start": 1, "interval_step": 1, "interval_max": 3}  # seconds
_REFUSED_SECONDS = 2.0
_log = logging.getLogger(__name__)


class PatientConsumer(Consumer):  # type: ignore[misc] # Celery has no types
    """Celery's consumer, back soon after Redis is: its own pauses grow to half a minute.

    A Redis that refuses, as when its memory is used up, is waited for like one that is away.
    `neighbours` tells what other workers know; Celery's mingle would wait a second for it before
    anything is loaded. There is no gossip: nothing reads what workers would tell each other.
    """

    def __init__(
        self, *arguments: Any, worker_options: Mapping[str, Any] | None = None, **options: Any
    ) -> None:
        given = dict(worker_options or {})
        self._mingles = not given.get("without_mingle")
        without = {**given, "without_mingle": True, "without_gossip": True}
        super().__init__(*arguments, worker_options=without, **options)
        self.connection_errors: tuple[type[Exception], ...]
        self.connection_errors += (redis.ResponseError,)
        self.neighbours = Neighbours(self.app, self.hostname, self.call_soon)

    def connect(self) -> Any:
        """Return a new connection; other workers are asked meanwhile what was revoked."""
        connection = super().connect()
        if self._mingles:
            self.neighbours.ask()
        return connection

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection once it stands."""
        conn.ensure_connection = partial(conn.ensure_connection, **_PAUSES)
        return super().ensure_connected(conn)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Close the connection, and let some time pass if Redis refused what it was asked."""
        super().on_connection_error_after_connected(exc)
        _wait_if_refused(exc)

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Let some time pass if Redis answered and refused."""
        super().on_connection_error_before_connected(exc)
        _wait_if_refused(exc)


def _wait_if_refused(error: Exception) -> None:
    """Wait where a new connection stands at once and would be refused the same."""
    if isinstance(error, redis.ResponseError):
        _log.warning("remote control waits for Redis, which refuses: %s", describe_fault(error))
        time.sleep(_REFUSED_SECONDS)

"""Outlast an outage of Redis: what a worker has worked out must not be thrown away."""

import logging
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from shared.connection import REDIS_ERRORS, backoff_seconds
from shared.outage_log import OutageLog
from shared.redis_faults import describe_fault, fault_code, queue_unavailable
from workers.consumer.failover import Failover

_log = logging.getLogger(__name__)
_MAX_PAUSE_SECONDS = 1.0
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class RetryPolicy:
    """Call Redis once, or until it answers or the worker stops.

    All threads of a worker share one: an outage is logged once, its end too.
    """

    def __init__(
        self,
        stopping: threading.Event,
        failover: Failover | None = None,
        subject: str = "the queue",
    ) -> None:
        self._stopping = stopping
        self._failover = failover or Failover()
        self._left_replica = False
        self._outage = OutageLog(_log, subject)

    def until_stopped(
        self,
        call: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Return what the call returns; raise QueueUnavailable only when the worker stops."""
        failures = 0
        while True:
            try:
                result = call(*args, **kwargs)
            except REDIS_ERRORS as error:
                self._record_fault(error)
                if self._stopping.is_set():
                    raise queue_unavailable(error) from error
            else:
                self._record_success()
                return result
            failures += 1
            self._stopping.wait(backoff_seconds(failures, _MAX_PAUSE_SECONDS))

    def once(
        self,
        call: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Return what the call returns or raise QueueUnavailable; record which of the two."""
        try:
            result = call(*args, **kwargs)
        except REDIS_ERRORS as error:
            self._record_fault(error)
            raise queue_unavailable(error) from error
        self._record_success()
        return result

    def _record_fault(self, error: BaseException) -> None:
        self._outage.record(f"Redis: {describe_fault(error)}")
        if fault_code(error) == "READONLY":
            self._left_replica = True

    def _record_success(self) -> None:
        if self._left_replica:
            self._left_replica = False
            self._failover.announce()
        if not self._stopping.is_set():  # else the call may have given up before it was made
            self._outage.record(None)


class SingleTry(RetryPolicy):
    """Call Redis once, whatever the call: who asks goes on without this part of it."""

    def until_stopped(
        self,
        call: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Return what the call returns or raise QueueUnavailable."""
        return self.once(call, *args, **kwargs)

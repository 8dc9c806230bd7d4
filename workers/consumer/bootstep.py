"""Where the drain meets Celery: a step in the worker's start that takes the messages over.

Celery keeps the process's life, remote control, heartbeats and events.
"""

import logging
import os
import threading
import time
from functools import partial
from typing import Any, Protocol

from celery import Celery, bootsteps
from celery.signals import worker_shutting_down
from celery.worker import state
from celery.worker.consumer import Consumer
from celery.worker.consumer.tasks import Tasks

from shared.errors import ParleyError, SettingsError
from shared.gc_tuning import freeze_gc

_log = logging.getLogger(__name__)
_CELERYS_OWN_END_SECONDS = 5.0
_PAUSES = {"interval_start": 1, "interval_step": 1, "interval_max": 3}  # seconds


class RunningConsumer(Protocol):
    """A queue's drain as the worker's life-cycle sees it."""

    def start(self) -> None:
        """Begin to lease messages."""

    def stop(self) -> None:
        """Finish the batch in hand and hand the rest back."""


class BuildConsumer(Protocol):
    """Builds the drain of one queue, warm and ready to start. Raises ParleyError."""

    def __call__(self, app: Celery, hostname: str) -> RunningConsumer:
        """Compose for a Celery worker of this name."""


def is_revoked(task_id: str) -> bool:
    """Tell whether a client has revoked a task through Celery's remote control."""
    return task_id in state.revoked


class FastReconnectConsumer(Consumer):  # type: ignore[misc] # Celery has no types
    """Celery's consumer, back soon after Redis is: its own pauses grow to half a minute."""

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection once it stands."""
        conn.ensure_connection = partial(conn.ensure_connection, **_PAUSES)
        return super().ensure_connected(conn)


class BatchConsumerStep(bootsteps.StartStopStep):  # type: ignore[misc] # Celery has no types
    """Start a drain for each queue of this worker; survive reconnections of Celery's own link.

    Comes after Celery's task step, which declares the queues for Celery's tools, and before its
    event loop, which would begin to consume.
    """

    requires = (Tasks,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        self._drains: list[RunningConsumer] = []
        self._ends = threading.Lock()
        super().__init__(consumer, **options)

    def start(self, c: Any) -> None:
        """Keep kombu from taking messages, on each new connection; start the drains once."""
        c.task_consumer.consume = _leave_to_the_drain
        if not self._drains:
            self._drains = self._compose(c)
            freeze_gc()
            for drain in self._drains:
                drain.start()
            worker_shutting_down.connect(self._leave, weak=False)

    def stop(self, c: Any) -> None:
        """Do nothing: this is called whenever Celery's link breaks, and the drain has its own."""

    def shutdown(self, c: Any) -> None:
        """Stop the drains with the worker, where no signal has done so before."""
        with self._ends:
            for drain in self._drains:
                drain.stop()
            self._drains = []

    def _leave(self, **_signal: Any) -> None:
        """Stop the drains at the signal itself: Celery's loop may hang where Redis does."""
        threading.Thread(target=self._leave_in_time, name="leave", daemon=True).start()

    def _leave_in_time(self) -> None:
        self.shutdown(None)
        time.sleep(_CELERYS_OWN_END_SECONDS)
        _log.warning("Celery's link to Redis does not end; leaving it")
        os._exit(0)

    def _compose(self, c: Any) -> list[RunningConsumer]:
        try:
            composers = [_composer(name) for name in c.app.amqp.queues.consume_from]
            return [compose(c.app, c.hostname) for compose in composers]
        except ParleyError as fault:
            _log.critical("this worker cannot start: %s", fault)
            raise SystemExit(1) from fault


def _composer(queue: str) -> BuildConsumer:
    # Read when numpy is first imported, just below: its threads would fight the engine's for the
    # processors over products of a millisecond, and cost two fifths of the throughput.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imported here: each worker pays for its own role only.
    if queue == "inference":
        from workers.inference import compose_inference

        return compose_inference
    if queue == "sentiment":
        from workers.sentiment import compose_sentiment

        return compose_sentiment
    raise SettingsError(f"no worker drains a queue named {queue!r}; use -Q inference or sentiment")


def _leave_to_the_drain(no_ack: bool | None = None) -> None:
    """Stand in for kombu's consume: its messages are leased by the drain instead."""

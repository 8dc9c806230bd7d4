"""Where the drain meets Celery: a step in the worker's start that takes the messages over.

Celery keeps the process's life, remote control, heartbeats and events.
"""

import logging
import os
from typing import Any, Protocol

from celery import Celery, bootsteps
from celery.worker import state
from celery.worker.consumer.tasks import Tasks

from shared.errors import ParleyError, SettingsError

_log = logging.getLogger(__name__)


class Drained(Protocol):
    """A queue's drain as the worker's life-cycle sees it."""

    def start(self) -> None:
        """Begin to lease messages."""

    def stop(self) -> None:
        """Finish the batch in hand and hand the rest back."""


class ComposeDrain(Protocol):
    """Builds the drain of one queue, warm and ready to start. Raises ParleyError."""

    def __call__(self, app: Celery, hostname: str) -> Drained:
        """Compose for a Celery worker of this name."""


def is_revoked(task_id: str) -> bool:
    """Tell whether a client has revoked a task through Celery's remote control."""
    return task_id in state.revoked


class DrainStep(bootsteps.StartStopStep):  # type: ignore[misc] # Celery has no types
    """Start a drain for each queue of this worker; survive reconnections of Celery's own link.

    Comes after Celery's task step, which declares the queues for Celery's tools, and before its
    event loop, which would begin to consume.
    """

    requires = (Tasks,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        self._drains: list[Drained] = []
        super().__init__(consumer, **options)

    def start(self, c: Any) -> None:
        """Keep kombu from taking messages, on each new connection; start the drains once."""
        c.task_consumer.consume = _leave_to_the_drain
        if not self._drains:
            self._drains = self._compose(c)
            for drain in self._drains:
                drain.start()

    def stop(self, c: Any) -> None:
        """Do nothing: this is called whenever Celery's link breaks, and the drain has its own."""

    def shutdown(self, c: Any) -> None:
        """Stop the drains with the worker."""
        for drain in self._drains:
            drain.stop()
        self._drains = []

    def _compose(self, c: Any) -> list[Drained]:
        try:
            composers = [_composer(name) for name in c.app.amqp.queues.consume_from]
            return [compose(c.app, c.hostname) for compose in composers]
        except ParleyError as fault:
            _log.critical("this worker cannot start: %s", fault)
            raise SystemExit(1) from fault


def _composer(queue: str) -> ComposeDrain:
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

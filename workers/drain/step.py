"""Where the drain meets Celery: a consumer whose task step drains in place of kombu's own path.

Celery keeps the process's life, remote control, heartbeats and events.
"""

import logging
from typing import Any, Protocol

from celery import Celery
from celery.worker import state
from celery.worker.consumer import Consumer
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


class DrainTasks(Tasks):  # type: ignore[misc] # Celery has no types
    """Start a drain for each queue of this worker; survive reconnections of Celery's own link."""

    def __init__(self, consumer: Any, **options: Any) -> None:
        self._drains: list[Drained] = []
        super().__init__(consumer, **options)

    def start(self, c: Any) -> None:
        """Declare the queues for Celery's tools, but let the drain take the messages."""
        super().start(c)
        c.task_consumer.consume = _leave_to_the_drain
        if not self._drains:
            self._drains = self._compose(c)
            for drain in self._drains:
                drain.start()

    def shutdown(self, c: Any) -> None:
        """Stop the drains with the worker."""
        for drain in self._drains:
            drain.stop()
        self._drains = []
        super().shutdown(c)

    def _compose(self, c: Any) -> list[Drained]:
        try:
            composers = [_composer(name) for name in c.app.amqp.queues.consume_from]
            return [compose(c.app, c.hostname) for compose in composers]
        except ParleyError as fault:
            _log.critical("this worker cannot start: %s", fault)
            raise SystemExit(1) from fault


class DrainConsumer(Consumer):  # type: ignore[misc] # Celery has no types
    """Celery's consumer with the task step swapped."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc] # Celery has no types
        """Celery's blueprint; without the step for brokers that delay messages themselves."""

        default_steps = [  # noqa: RUF012 - Celery's own form
            "workers.drain.step:DrainTasks" if step.endswith(":Tasks") else step
            for step in Consumer.Blueprint.default_steps
            if not step.endswith(":DelayedDelivery")
        ]


def _composer(queue: str) -> ComposeDrain:
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

"""Task events for Celery's monitors (Flower), sent in batches from a thread of their own."""

import logging
import queue as queues
import threading
from collections.abc import Iterable
from typing import Any

from celery import Celery
from celery.events import EventDispatcher

from shared.connection import REDIS_ERRORS
from workers.drain.events import TaskEvent

_log = logging.getLogger(__name__)
_MOST_WAITING = 20_000
_HIDDEN = "('…',)"


class CeleryEvents:
    """Send task events as Celery's own `task.multi`; drop them rather than delay an answer."""

    def __init__(self, app: Celery, hostname: str) -> None:
        self._app = app
        self._hostname = hostname
        self._waiting: queues.Queue[TaskEvent | None] = queues.Queue(_MOST_WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="task-events", daemon=True)

    def open(self) -> None:
        """Begin to send, from a thread of its own."""
        self._thread.start()

    def emit(self, events: Iterable[TaskEvent]) -> None:
        """Take events; those that find no room are dropped."""
        for event in events:
            try:
                self._waiting.put_nowait(event)
            except queues.Full:
                return

    def close(self) -> None:
        """Send what waits, then end."""
        self._closing.set()
        self._waiting.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while True:
            try:
                with self._app.connection_for_write() as connection:
                    self._send_all(connection)
            except (*REDIS_ERRORS, *connection.connection_errors) as absence:
                _log.warning("task events: %s", absence)
                if self._closing.wait(1.0):
                    return
            else:
                return

    def _send_all(self, connection: Any) -> None:
        dispatcher = EventDispatcher(
            connection,
            hostname=self._hostname,
            app=self._app,
            buffer_group={"task"},
            buffer_limit=1_000,
        )
        while batch := self._next_batch():
            for event in batch:
                dispatcher.send(f"task-{event.kind}", **_fields(event))
            dispatcher.flush(errors=False, groups=True)

    def _next_batch(self) -> list[TaskEvent]:
        batch: list[TaskEvent] = []
        event = self._waiting.get()
        while event is not None:
            batch.append(event)
            try:
                event = self._waiting.get_nowait()
            except queues.Empty:
                return batch
        if batch:
            self._waiting.put(None)
        return batch


def _fields(event: TaskEvent) -> dict[str, Any]:
    fields: dict[str, Any] = {"uuid": event.task_id, "timestamp": event.at}
    if event.kind == "received":
        fields |= {"name": event.task, "args": _HIDDEN, "kwargs": "{}", "root_id": event.task_id}
    elif event.kind == "succeeded":
        fields |= {"result": "'…'", "runtime": event.runtime_seconds}
    elif event.kind == "failed":
        fields |= {"exception": event.fault or "failed", "traceback": ""}
    elif event.kind == "revoked":
        fields |= {"terminated": False, "signum": None, "expired": event.fault == "expired"}
    return fields

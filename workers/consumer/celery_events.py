"""Task events for Celery's monitors (Flower), a few times a second, from a thread of their own.

What goes out is Celery's own `task.multi`; its `EventDispatcher` would add work for each event.
"""

import logging
import os
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from celery import Celery
from celery.events import get_exchange
from celery.utils.time import utcoffset
from kombu import Connection, Producer

from shared.connection import REDIS_ERRORS
from workers.consumer.task_events import TaskEvent

_log = logging.getLogger(__name__)
SEND_SECONDS = 0.25
_MAX_WAITING = 20_000
_MAX_TOGETHER = 1_000
_HIDDEN = "('…',)"
_encode = msgspec.json.Encoder().encode
_BEGINNINGS = ("received", "started")


class CeleryEvents:
    """Send task events; drop them rather than delay an answer.

    Without `beginnings` each task is reported once, when it has ended, with the times at which it
    was received and started: monitors pay for each event, not for what is in it.
    """

    def __init__(self, app: Celery, hostname: str, *, beginnings: bool) -> None:
        self._app = app
        self._hostname = hostname
        self._beginnings = beginnings
        self._waiting: list[TaskEvent] = []
        self._on = True
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="task-events", daemon=True)

    def open(self) -> None:
        """Begin to send, from a thread of its own."""
        self._thread.start()

    def emit(self, events: Iterable[TaskEvent]) -> None:
        """Take events; those that find no room are dropped."""
        if not self._on:
            return
        chosen = [each for each in events if self._beginnings or each.kind not in _BEGINNINGS]
        with self._lock:
            self._waiting += chosen[: _MAX_WAITING - len(self._waiting)]

    def switch(self, *, on: bool) -> bool:
        """Send events from now on, or drop them."""
        self._on = on
        return True

    def close(self) -> None:
        """Send what waits, then end."""
        self._closing.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._closing.is_set():
            connection = self._app.connection_for_write()
            try:
                with connection:
                    self._send_all(connection)
            except (*REDIS_ERRORS, *connection.connection_errors) as absence:
                _log.warning("task events: %s", absence)
                self._closing.wait(1.0)

    def _send_all(self, connection: Connection) -> None:
        exchange = get_exchange(connection, name=self._app.conf.event_exchange)
        producer = Producer(connection, exchange=exchange, auto_declare=False)
        closing = False
        while not closing:
            closing = self._closing.wait(SEND_SECONDS)
            for batch in self._batches():
                producer.publish(
                    _encode(batch),
                    content_type="application/json",
                    content_encoding="utf-8",
                    routing_key="task.multi",
                    declare=[exchange],
                    headers={"hostname": self._hostname},
                    delivery_mode="transient",
                )

    def _batches(self) -> list[list[dict[str, Any]]]:
        with self._lock:
            events, self._waiting = self._waiting, []
        common = {
            "hostname": self._hostname,
            "pid": os.getpid(),
            "utcoffset": utcoffset(),
            "clock": self._app.clock.forward(),
        }
        return [
            [{**common, **fields(event)} for event in events[first : first + _MAX_TOGETHER]]
            for first in range(0, len(events), _MAX_TOGETHER)
        ]


def fields(event: TaskEvent) -> Mapping[str, Any]:
    """Return what Celery's event holds beyond the worker's own fields."""
    reported: dict[str, Any] = {
        "type": f"task-{event.kind}",
        "uuid": event.task_id,
        "timestamp": event.at,
        "name": event.task,
        "args": _HIDDEN,
        "kwargs": {},  # not "{}": Flower would parse it as Python, for each event
        "root_id": event.task_id,
    }
    if event.received_at is not None:
        reported["received"] = event.received_at
    if event.started_at is not None:
        reported["started"] = event.started_at
    return {**reported, **_end(event)}


def _end(event: TaskEvent) -> Mapping[str, Any]:
    if event.kind == "succeeded":
        return {"result": "'…'", "runtime": event.runtime_seconds}
    if event.kind == "failed":
        return {"exception": event.fault or "failed", "traceback": ""}
    if event.kind == "revoked":
        return {"terminated": False, "signum": None, "expired": event.fault == "expired"}
    return {}

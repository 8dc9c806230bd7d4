"""Celery's own monitor understands the task events of the batch consumer."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import Celery
from celery.events.state import State

from tests.support.processes import wait_until
from workers.consumer.celery_events import CeleryEvents
from workers.consumer.task_events import EventKind, TaskEvent, TaskEvents

EVENTS: list[tuple[EventKind, str]] = [
    ("succeeded", "SUCCESS"),
    ("failed", "FAILURE"),
    ("revoked", "REVOKED"),
]


@pytest.fixture
def app(redis_url: str) -> Celery:
    return Celery("parley", broker=redis_url, set_as_current=False)


class Monitor:
    """Celery's event receiver and cluster state, as Flower has them."""

    def __init__(self, app: Celery) -> None:
        self.seen: list[str] = []
        self.state = State()
        self._app = app
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._capture)

    def __enter__(self) -> "Monitor":
        self._thread.start()
        with self._app.connection_for_write() as connection:
            channel = connection.default_channel.client
            wait_until(lambda: bool(channel.pubsub_numpat()), 10)
        return self

    def __exit__(self, *_fault: object) -> None:
        self._stop.set()
        with (
            self._app.connection_for_write() as connection,
            self._app.events.Dispatcher(connection, hostname="monitor") as dispatcher,
        ):
            dispatcher.send("end")  # kombu sleeps a second, or until something comes
        self._thread.join(10)

    def task(self, task_id: str) -> Any:
        return self.state.tasks.get(task_id)

    def _capture(self) -> None:
        with self._app.connection_for_read() as connection:
            receiver = self._app.events.Receiver(connection, handlers={"*": self._hear})
            self._receiver = receiver
            while not self._stop.is_set():
                try:
                    receiver.capture(limit=None, timeout=0.2, wakeup=False)
                except TimeoutError:
                    continue

    def _hear(self, event: dict[str, Any]) -> None:
        self._receiver.should_stop = self._stop.is_set()
        self.seen.append(event["type"])
        self.state.event(event)


@pytest.fixture
def monitor(app: Celery) -> Iterator[Monitor]:
    with Monitor(app) as running:
        yield running


@pytest.fixture
def opened(app: Celery) -> Iterator[Callable[..., TaskEvents]]:
    events: list[CeleryEvents] = []

    def open_events(*, beginnings: bool) -> TaskEvents:
        events.append(CeleryEvents(app, "inference@here", beginnings=beginnings))
        events[-1].open()
        return events[-1]

    yield open_events
    for each in events:
        each.close()


def life(kind: EventKind = "succeeded") -> list[TaskEvent]:
    return [
        TaskEvent("received", "a", "chat.infer", 100.0),
        TaskEvent("started", "a", "chat.infer", 101.0),
        TaskEvent(
            kind,
            "a",
            "chat.infer",
            103.0,
            received_at=100.0,
            started_at=101.0,
            runtime_seconds=2.0,
            fault="expired",
        ),
    ]


@pytest.mark.parametrize(("kind", "state"), EVENTS)
def test_the_end_alone_reports_everything(
    monitor: Monitor, opened: Callable[..., TaskEvents], kind: EventKind, state: str
) -> None:
    opened(beginnings=False).emit(life(kind))
    wait_until(lambda: monitor.task("a") is not None, 10)
    task = monitor.task("a")
    assert (task.state, task.name, task.worker.hostname) == (state, "chat.infer", "inference@here")
    assert (task.received, task.started, task.timestamp) == (100.0, 101.0, 103.0)
    assert monitor.seen == [f"task-{kind}"]


def test_beginnings_are_reported_if_they_are_wanted(
    monitor: Monitor, opened: Callable[..., TaskEvents]
) -> None:
    opened(beginnings=True).emit(life())
    wait_until(lambda: len(monitor.seen) == 3, 10)
    assert monitor.seen == ["task-received", "task-started", "task-succeeded"]
    assert monitor.task("a").runtime == 2.0


def test_closing_sends_what_waits(monitor: Monitor, app: Celery) -> None:
    events = CeleryEvents(app, "inference@here", beginnings=False)
    events.open()
    events.emit(life())
    events.close()
    wait_until(lambda: monitor.task("a") is not None, 10)


def test_what_finds_no_room_is_dropped(app: Celery) -> None:
    events = CeleryEvents(app, "inference@here", beginnings=False)
    for _ in range(3):
        events.emit(life()[2:] * 9_000)
    assert len(events._waiting) == 20_000

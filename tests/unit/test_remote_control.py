"""Celery's remote control is obeyed, or refused by a sentence; never "ok" and ignored."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from celery.worker.control import Panel
from kombu import Queue

import workers.consumer.bootstep  # noqa: F401 - registers the commands, as in a worker
from workers.celery_app import app
from workers.consumer.task_events import NoEvents

# Celery's own that hold here as they are.
OF_CELERY = {
    *("report", "clock", "election", "heartbeat", "hello", "ping", "stats", "scheduled"),
    *("revoked", "registered", "objgraph", "memsample", "memdump", "shutdown", "conf"),
    *("dump_conf", "dump_schedule", "dump_revoked", "dump_tasks"),
}
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("rate_limit", {"task_name": "chat.infer", "rate_limit": "1/m"}),
    ("rate_limit", {"task_name": "chat.infer", "rate_limit": 5}),
    ("rate_limit", {"task_name": "no.such", "rate_limit": "1/m"}),
    ("time_limit", {"task_name": "chat.infer", "soft": 1.0, "hard": 2.0}),
    ("time_limit", {"task_name": "no.such"}),
    ("pool_grow", {"n": 2}),
    ("pool_shrink", {"n": 2}),
    ("pool_restart", {"modules": None, "reload": False}),
    ("autoscale", {"max": 3, "min": 1}),
    ("add_consumer", {"queue": "sentiment", "exchange": None, "exchange_type": "direct"}),
    ("revoke_by_stamped_headers", {"headers": {"a": ["b"]}, "terminate": True}),
]


class Consumer:
    """A batch consumer that remembers what it was told."""

    def __init__(self, sends_events: bool = True) -> None:
        self.is_paused = False
        self.hastened: list[str] = []
        self.events: Any = SimpleNamespace(switch=lambda on: True) if sends_events else NoEvents()

    def hasten(self, task_ids: Sequence[str]) -> None:
        self.hastened += task_ids

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False

    def held(self) -> list[tuple[str, str, bool]]:
        return [("chat.infer", "a", True), ("chat.infer", "b", False)]

    def switch_events(self, *, on: bool) -> bool:
        return bool(self.events.switch(on=on))


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


def state(consumer: Consumer) -> Any:
    """Return what a command sees of the worker of one queue."""
    task_consumer = SimpleNamespace(queues=[Queue("inference")])
    of_celery = SimpleNamespace(
        batch_consumers={"inference": consumer}, task_consumer=task_consumer
    )
    return SimpleNamespace(consumer=of_celery, app=app, hostname="inference@here")


def call(consumer: Consumer, command: str, **arguments: Any) -> Any:
    return Panel.data[command](state(consumer), **arguments)


def queues(consumer: Consumer) -> list[str]:
    return [queue["name"] for queue in call(consumer, "active_queues")]


def test_a_queue_is_paused_and_resumed_and_shown_so(consumer: Consumer) -> None:
    assert queues(consumer) == ["inference"]
    assert "no longer consuming" in call(consumer, "cancel_consumer", queue="inference")["ok"]
    assert consumer.is_paused
    assert queues(consumer) == []
    assert call(consumer, "add_consumer", queue="inference") == {"ok": "consuming from inference"}
    assert not consumer.is_paused
    assert queues(consumer) == ["inference"]


def test_another_queue_is_not_consumed_before_nor_after(consumer: Consumer) -> None:
    assert "does not consume" in call(consumer, "cancel_consumer", queue="sentiment")["ok"]
    assert not consumer.is_paused
    other = call(consumer, "add_consumer", queue="sentiment")["error"]
    assert "parley worker sentiment" in other
    assert "no other queue is served" in call(consumer, "add_consumer", queue="no.such")["error"]


@pytest.mark.parametrize("command", ["revoke", "terminate"])
@pytest.mark.parametrize("task_id", ["remote-1", ["remote-1", "remote-2"]])
def test_what_is_revoked_does_not_wait_until_it_is_due(
    consumer: Consumer, command: str, task_id: str | list[str]
) -> None:
    assert "ok" in call(consumer, command, task_id=task_id, signal="TERM")
    assert consumer.hastened == (task_id if isinstance(task_id, list) else [task_id])


@pytest.mark.parametrize(("command", "arguments"), REFUSED)
def test_what_cannot_be_done_is_refused_by_a_sentence(
    consumer: Consumer, command: str, arguments: Mapping[str, Any]
) -> None:
    reply = call(consumer, command, **arguments)
    assert list(reply) == ["error"]
    assert len(reply["error"]) > 10


def test_every_command_of_celery_is_decided_on() -> None:
    ours = {name for name, command in Panel.data.items() if "parley" not in name
            and command.__module__ == "workers.consumer.remote_control"}  # fmt: skip
    assert set(Panel.data) - ours == OF_CELERY


def test_task_events_are_switched_or_it_is_said_why_not(consumer: Consumer) -> None:
    assert call(consumer, "enable_events") == {"ok": "task events enabled"}
    assert call(consumer, "disable_events") == {"ok": "task events disabled"}
    silent = Consumer(sends_events=False)
    assert "PARLEY_TASK_EVENTS is off" in call(silent, "enable_events")["error"]
    assert call(silent, "disable_events") == {"ok": "task events disabled"}


def test_what_the_worker_holds_is_shown_without_its_text(consumer: Consumer) -> None:
    assert [task["id"] for task in call(consumer, "active")] == ["a"]
    assert [task["id"] for task in call(consumer, "reserved")] == ["b"]
    found = call(consumer, "query_task", ids=["b", "c"])
    assert {task_id: kind for task_id, (kind, _) in found.items()} == {"b": "reserved"}
    assert found["b"][1]["args"] == ["…"]


def test_no_rate_limit_is_what_there_is(consumer: Consumer) -> None:
    assert "ok" in call(consumer, "rate_limit", task_name="chat.infer", rate_limit="0")

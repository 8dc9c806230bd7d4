"""Celery's consumer starts without mingle and gossip, and outlasts a Redis that refuses."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery.worker.consumer import Consumer

from workers.celery_app import app
from workers.consumer.celery_consumer import PatientConsumer


def consumer(**options: object) -> PatientConsumer:
    """Return a worker's consumer that has not connected."""
    pool = SimpleNamespace(is_green=False, num_processes=1, flush=None)
    controller = SimpleNamespace(semaphore=None, use_eventloop=True, state=None)
    return PatientConsumer(
        lambda _request: None,
        app=app,
        hostname="w@host",
        pool=pool,
        controller=controller,
        timer=SimpleNamespace(),
        worker_options={"without_mingle": False, "without_gossip": False, **options},
    )


def test_a_worker_starts_without_mingle_and_gossip_though_nobody_says_so() -> None:
    steps = [step.name.rsplit(".", 1)[1] for step in consumer().steps]
    assert {"Connection", "Events", "Heart", "Control", "Tasks", "BatchConsumerStep"} < set(steps)
    assert {"Mingle", "Gossip"}.isdisjoint(steps)


@pytest.mark.parametrize("without", [False, True])
def test_other_workers_are_asked_with_each_connection_unless_told_not_to(
    without: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Consumer, "connect", lambda _self: "a connection")
    tested = consumer(without_mingle=without)
    monkeypatch.setattr(tested.neighbours, "ask", lambda: asked.append("asked"))
    assert [tested.connect(), tested.connect()] == ["a connection"] * 2
    assert asked == [] if without else ["asked", "asked"]


class Refused(redis.OutOfMemoryError):
    """What Redis answers when its memory is used up."""

    status_code = "OOM"


@pytest.mark.parametrize("connected", [True, False])
def test_a_redis_without_memory_is_waited_for_and_told_in_one_sentence(
    connected: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    tested, starts = consumer(), list[str]()

    def start(parent: Any) -> None:
        starts.append("start")
        parent.connection = app.connection_for_read() if connected else None
        if len(starts) == 1:
            raise Refused("OOM command not allowed when used memory > 'maxmemory'.")
        tested.blueprint.state = 0x2  # it was stopped

    monkeypatch.setattr(tested.blueprint, "start", start)
    with caplog.at_level(logging.WARNING):
        tested.start()
    assert (len(starts), pauses) == (2, [2.0])
    assert "remote control waits for Redis, which refuses: OOM: its memory is used" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_bug_still_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_parent: object) -> None:
        raise ZeroDivisionError

    tested = consumer()
    monkeypatch.setattr(tested.blueprint, "start", start)
    with pytest.raises(ZeroDivisionError):
        tested.start()

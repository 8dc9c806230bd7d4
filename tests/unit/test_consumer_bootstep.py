"""The batch consumer starts after Celery's task step and before its event loop."""

import subprocess
import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from celery import Celery
from celery.exceptions import WorkerShutdown
from celery.signals import worker_shutting_down
from celery.worker import state
from celery.worker.consumer import Consumer

from shared.errors import WorkerStopped
from shared.settings import load
from workers.bootstrap import build_context
from workers.celery_app import app
from workers.consumer.bootstep import BatchConsumerStep, build_consumers
from workers.settings import WorkerSettings


def test_the_consumer_starts_between_the_task_step_and_the_event_loop() -> None:
    blueprint = Consumer.Blueprint(steps=app.steps["consumer"])
    blueprint.steps = blueprint.claim_steps()
    names = [step.name.rsplit(".", 1)[1] for step in blueprint._finalize_steps(blueprint.steps)]
    assert len(set(names)) == len(names)
    assert names.index("Tasks") < names.index("BatchConsumerStep") < names.index("Evloop")
    assert names[-1] == "Evloop"


class Recorder:
    """A consumer that records what is asked of it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self) -> None:
        """Record it."""
        self.calls.append("start")

    def stop(self) -> None:
        """Record it."""
        self.calls.append("stop")

    def on_failover(self, listener: Callable[[], object]) -> None:
        """Keep what is to be called."""
        self.listener = listener


RECORDER = Recorder()


def build_recorder(_app: Celery, _hostname: str) -> Recorder:
    """Return the one recorder; a worker's configuration names this function."""
    return RECORDER


def celery_consumer(*queues: str) -> SimpleNamespace:
    """Return what a step sees of Celery's consumer, for a worker of these queues."""
    builders = {"inference": f"{__name__}:build_recorder"}
    app = SimpleNamespace(
        conf=SimpleNamespace(parley_consumers=builders),
        amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=queues)),
    )
    neighbours = SimpleNamespace(learn=lambda: RECORDER.calls.append("learn"))
    return SimpleNamespace(
        app=app, hostname="w@host", call_soon=lambda call: call(), neighbours=neighbours
    )


def ended_process() -> threading.Event:
    """Return the sign of a process that has ended, so that nothing goes on after a test."""
    event = threading.Event()
    event.set()
    return event


def new_connection(consumer: SimpleNamespace) -> list[str]:
    """Do what Celery's task step does on each connection; return what kombu is told to consume."""
    consumed: list[str] = []
    consumer.task_consumer = SimpleNamespace(consume=lambda: consumed.append("kombu"))
    return consumed


def test_kombu_never_consumes_and_the_consumer_outlives_a_reconnection() -> None:
    RECORDER.calls.clear()
    consumer = celery_consumer("inference")
    step = BatchConsumerStep(consumer)
    for _ in range(2):
        consumed = new_connection(consumer)
        step.start(consumer)
        consumer.task_consumer.consume()
        assert consumed == []
        step.stop(consumer)
    assert RECORDER.calls == ["learn", "start"]
    step.shutdown(consumer)
    assert RECORDER.calls == ["learn", "start", "stop"]


def test_celerys_own_link_is_made_anew_after_a_failover() -> None:
    consumer = celery_consumer("inference")
    step = BatchConsumerStep(consumer)
    new_connection(consumer)
    step.start(consumer)
    with pytest.raises(ConnectionResetError, match="another server"):
        RECORDER.listener()
    step.shutdown(consumer)


def test_a_queue_without_a_role_ends_the_worker_with_a_sentence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(SystemExit):
        build_consumers(celery_consumer("celery"), ended_process())
    assert "no worker serves a queue named 'celery'; use -Q inference" in caplog.text


def test_a_worker_keeps_numpy_to_one_thread_however_it_is_started() -> None:
    script = (
        "import os, sys, workers.celery_app\n"
        "from types import SimpleNamespace as Namespace\n"
        "from threading import Event\n"
        "from workers.consumer.bootstep import build_consumers\n"
        "early = 'numpy' in sys.modules\n"
        "builders = {'inference': 'numpy:shape'}\n"
        "queues = Namespace(consume_from=['inference'])\n"
        "conf, amqp = Namespace(parley_consumers=builders), Namespace(queues=queues)\n"
        "app = Namespace(conf=conf, amqp=amqp)\n"
        "try: build_consumers(Namespace(app=app, hostname=''), Event())\n"
        "except TypeError: pass\n"
        "print(early, 'numpy' in sys.modules, os.environ['OPENBLAS_NUM_THREADS'])\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True", "1"]


def build_until_stopped(_app: Celery, _hostname: str) -> Recorder:
    """Get the signal to stop while a base is embedded."""
    context = build_context(load(WorkerSettings, task_events="off"), app, "w", "inference", "small")
    worker_shutting_down.send(sender="w", sig="TERM", how="Warm", exitcode=0)
    if context.stopping.is_set():
        raise WorkerStopped
    return RECORDER


def test_a_worker_that_is_stopped_while_it_is_built_ends_as_others_do(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_shutting_down, "receivers", [])  # others would end this process
    consumer = celery_consumer("inference")
    builders = {"inference": f"{__name__}:build_until_stopped"}
    consumer.app.conf.parley_consumers = builders
    with pytest.raises(WorkerShutdown) as ended:
        build_consumers(consumer, ended_process())
    assert ended.value.code == 0
    assert "cannot start" not in caplog.text


def test_a_signal_before_the_building_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(WorkerSettings, task_events="off")
    assert not build_context(settings, app, "w", "inference", "small").stopping.is_set()
    monkeypatch.setattr(state, "should_stop", 0)
    assert build_context(settings, app, "w", "inference", "small").stopping.is_set()

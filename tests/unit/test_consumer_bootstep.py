"""The drain takes the place of kombu's path: after Celery's task step, before its event loop."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from celery.worker.consumer import Consumer

from workers.celery_app import app
from workers.consumer.bootstep import BatchConsumerStep


def test_the_drain_starts_between_the_task_step_and_the_event_loop() -> None:
    blueprint = Consumer.Blueprint(steps=app.steps["consumer"])
    blueprint.steps = blueprint.claim_steps()
    names = [step.name.rsplit(".", 1)[1] for step in blueprint._finalize_steps(blueprint.steps)]
    assert len(set(names)) == len(names)
    assert names.index("Tasks") < names.index("BatchConsumerStep") < names.index("Evloop")
    assert names[-1] == "Evloop"


class Recorder:
    """A drain that notes what is asked of it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self) -> None:
        """Note it."""
        self.calls.append("start")

    def stop(self) -> None:
        """Note it."""
        self.calls.append("stop")


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    found = Recorder()
    monkeypatch.setattr(BatchConsumerStep, "_compose", lambda _step, _consumer: [found])
    return found


def new_connection(consumer: SimpleNamespace) -> list[str]:
    """Do what Celery's task step does on each connection; return what kombu is told to consume."""
    consumed: list[str] = []
    consumer.task_consumer = SimpleNamespace(consume=lambda: consumed.append("kombu"))
    return consumed


def test_kombu_never_consumes_and_the_drain_outlives_a_reconnection(recorder: Recorder) -> None:
    consumer = SimpleNamespace()
    step = BatchConsumerStep(consumer)
    for _ in range(2):
        consumed = new_connection(consumer)
        step.start(consumer)
        consumer.task_consumer.consume()
        assert consumed == []
        step.stop(consumer)
    assert recorder.calls == ["start"]
    step.shutdown(consumer)
    assert recorder.calls == ["start", "stop"]


def test_a_worker_keeps_numpy_to_one_thread_however_it_is_started() -> None:
    script = (
        "import os, sys, workers.celery_app\n"
        "from workers.consumer.bootstep import _composer\n"
        "early = 'numpy' in sys.modules\n"
        "_composer('inference')\n"
        "print(early, 'numpy' in sys.modules, os.environ['OPENBLAS_NUM_THREADS'])\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["False", "True", "1"]

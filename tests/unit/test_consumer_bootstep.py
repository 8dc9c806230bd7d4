"""The batch consumer starts after Celery's task step and before its event loop."""

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from celery import Celery
from celery.worker.consumer import Consumer

from workers.celery_app import app
from workers.consumer.bootstep import BatchConsumerStep, build_consumers


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
    return SimpleNamespace(app=app, hostname="w@host", call_soon=lambda call: call())


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
    assert RECORDER.calls == ["start"]
    step.shutdown(consumer)
    assert RECORDER.calls == ["start", "stop"]


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
        build_consumers(celery_consumer("celery"))
    assert "no worker serves a queue named 'celery'; use -Q inference" in caplog.text


def test_a_worker_keeps_numpy_to_one_thread_however_it_is_started() -> None:
    script = (
        "import os, sys, workers.celery_app\n"
        "from types import SimpleNamespace as Namespace\n"
        "from workers.consumer.bootstep import build_consumers\n"
        "early = 'numpy' in sys.modules\n"
        "builders = {'inference': 'numpy:shape'}\n"
        "queues = Namespace(consume_from=['inference'])\n"
        "conf, amqp = Namespace(parley_consumers=builders), Namespace(queues=queues)\n"
        "app = Namespace(conf=conf, amqp=amqp)\n"
        "try: build_consumers(Namespace(app=app, hostname=''))\n"
        "except TypeError: pass\n"
        "print(early, 'numpy' in sys.modules, os.environ['OPENBLAS_NUM_THREADS'])\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True", "1"]

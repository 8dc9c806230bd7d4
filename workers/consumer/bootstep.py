"""Where the batch consumer meets Celery: a step in the worker's start that takes the messages over.

Celery keeps the process's life-cycle, remote control, heartbeats and events.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from celery import bootsteps
from celery.exceptions import WorkerShutdown
from celery.signals import worker_shutting_down
from celery.worker.consumer.tasks import Tasks
from kombu.utils.imports import symbol_by_name

import workers.consumer.remote_control  # noqa: F401 - its commands replace Celery's
from shared.errors import ParleyError, ProtocolMismatch, SettingsError, WorkerStopped
from shared.gc_tuning import freeze_gc
from shared.home_folder import provide_home_folder
from shared.partitions import connect_partitions
from shared.protocol_version import ProtocolKeeper, ProtocolRegister, check_protocol_at_start
from shared.redis_server import check_redis_at_start
from shared.settings import CommonSettings, load

_log = logging.getLogger(__name__)
_CELERY_END_SECONDS = 5.0


class RunningConsumer(Protocol):
    """A queue's batch consumer as the worker's life-cycle sees it."""

    def start(self) -> None:
        """Begin to lease messages."""

    def stop(self) -> None:
        """Finish the current batch and return the rest to the queue."""

    def pause(self) -> None:
        """Lease nothing more; what is held already is finished."""

    def resume(self) -> None:
        """Lease again after a pause."""

    @property
    def is_paused(self) -> bool:
        """Return whether it leases nothing."""

    def hasten(self, task_ids: Sequence[str]) -> None:
        """End what was revoked and is kept until later."""

    def held(self) -> Sequence[tuple[str, str, bool]]:
        """Return task, task id, and whether the engine works on it, of the jobs held."""

    def switch_events(self, *, on: bool) -> bool:
        """Send task events or drop them; return whether they are as was asked."""

    def on_failover(self, listener: Callable[[], object]) -> None:
        """Call back, from another thread, once Redis is another server than before."""


class BatchConsumerStep(bootsteps.StartStopStep):  # type: ignore[misc] # Celery has no types
    """Start a batch consumer for each queue of this worker.

    Comes after Celery's task step, which declares the queues for Celery's tools, and before its
    event loop, which would begin to consume. The application's setting `parley_consumers` names
    the function that builds a queue's consumer.
    """

    requires = (Tasks,)

    def __init__(self, consumer: Any, **options: Any) -> None:
        self._consumers: Mapping[str, RunningConsumer] = {}
        consumer.batch_consumers = self._consumers  # for remote control
        self._stopping = threading.Lock()
        self._ended = threading.Event()
        super().__init__(consumer, **options)

    def start(self, c: Any) -> None:
        """Keep kombu from taking messages, on each new connection; start the consumers once."""
        c.task_consumer.consume = _ignore_consume
        if not self._consumers:
            self._consumers = c.batch_consumers = build_consumers(c, self._ended)
            freeze_gc()
            c.neighbours.learn()
            for consumer in self._consumers.values():
                consumer.on_failover(partial(c.call_soon, _reconnect))
                consumer.start()
            worker_shutting_down.connect(self._on_shutdown, weak=False)

    def stop(self, c: Any) -> None:
        """Do nothing: Celery calls this whenever its link breaks; the consumers have their own."""

    def shutdown(self, c: Any) -> None:
        """Stop the consumers with the worker, unless a signal has done so before."""
        with self._stopping:
            for consumer in self._consumers.values():
                consumer.stop()
            self._consumers = {}
            self._ended.set()

    def _on_shutdown(self, **_signal: Any) -> None:
        """Stop the consumers at the signal itself: Celery's loop may hang if Redis does."""
        threading.Thread(target=self._stop_in_time, name="stop", daemon=True).start()

    def _stop_in_time(self) -> None:
        self.shutdown(None)
        time.sleep(_CELERY_END_SECONDS)
        _log.warning("Celery's link to Redis does not end; forcing the exit")
        os._exit(0)


def build_consumers(c: Any, ended: threading.Event) -> Mapping[str, RunningConsumer]:
    """Build the consumers of a worker's queues; end the process with a sentence if one cannot.

    The process stays registered with its protocol version until it has `ended`.
    Celery is connected by now: a Redis that was down when the process started is checked here.
    """
    # Read when numpy is first imported, by a builder's module: its threads would compete with the
    # engine's over products of a millisecond, and cost two fifths of the throughput.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    provide_home_folder()
    try:
        names = c.app.amqp.queues.consume_from
        settings = load(CommonSettings)
        _check_redis(settings, f"{c.hostname}.{os.getpid()}", ended)
        builders = {queue: _builder(c.app.conf.parley_consumers, queue) for queue in names}
        return {queue: build(c.app, c.hostname) for queue, build in builders.items()}
    except WorkerStopped as fault:
        _log.info("%s", fault)
        raise WorkerShutdown(os.EX_OK) from fault
    except ParleyError as fault:
        _log.critical("this worker cannot start: %s", fault)
        # No restart helps against newer data: `parley up` ends with this sentence.
        status = os.EX_CONFIG if isinstance(fault, ProtocolMismatch) else 1
        raise SystemExit(status) from fault


def _check_redis(settings: CommonSettings, process: str, ended: threading.Event) -> None:
    """Register this process; raise UnsuitableRedis if server or data is not to be served."""
    url, partitions = settings.redis_address, settings.partitions
    check_redis_at_start(url, partitions)
    check_protocol_at_start(url, process, partitions)
    register = ProtocolRegister(connect_partitions(url, partitions).home)
    ProtocolKeeper(register, process, stopping=ended).start()


def _builder(builders: Any, queue: str) -> Any:
    if queue not in builders:
        known = " or ".join(builders)
        raise SettingsError(f"no worker serves a queue named {queue!r}; use -Q {known}")
    return symbol_by_name(builders[queue])  # imported here: a worker pays for its own role only


def _reconnect() -> None:
    """Let Celery make its own link anew: it takes this for a broken connection."""
    raise ConnectionResetError("Redis is another server now")


def _ignore_consume(no_ack: bool | None = None) -> None:
    """Stand in for kombu's consume: the batch consumer leases the messages instead."""

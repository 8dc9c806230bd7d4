"""The drain of one queue: four threads around the five steps.

intake:  lease → prepare → pool          while the engine is busy
engine:  pack → run → completer          the moment the engine is free
ending:  complete                        tones, wording, one atomic call
pulse:   heartbeat, reclaim dead workers' messages
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, Protocol

from shared import keys
from shared.clock import Clock
from shared.errors import QueueUnavailable
from shared.jobs import WorkerStatus
from workers.consumer.batching import Pool
from workers.consumer.counters import Counters
from workers.consumer.fetch import Fetcher
from workers.consumer.jobs import BatchResult, Job, PreparedJob, ToneJob
from workers.consumer.lease_queue import Lease, LeaseQueue
from workers.consumer.linger import EngineLinger
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.run import Runner
from workers.consumer.task_events import TaskEvent, TaskEvents

_log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 1.0
_STOP_SECONDS = 12.0


class Preparer(Protocol[Job]):
    """Makes works of leases."""

    def prepare(self, leases: Sequence[Lease]) -> list[PreparedJob[Job]]:
        """Return the works; end every other lease."""

    def dead_letter(self, lease: Lease, reason: str, trace: str | None = None) -> None:
        """End a lease as a dead letter."""


class Completer(Protocol[Job]):
    """Ends what went through the engine, in a thread of its own."""

    def put(self, ran: BatchResult[Job]) -> None:
        """Take a batch."""

    def run(self) -> None:
        """End batches until closed."""

    def close(self) -> None:
        """Let `run` return once all is ended."""


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """Who this worker is in its heartbeat."""

    worker_id: str
    queue: str
    engine: str
    started_at: float

    def status(self, counters: Mapping[str, float]) -> WorkerStatus:
        """Return the heartbeat's content."""
        return WorkerStatus(
            id=self.worker_id,
            queue=self.queue,
            engine=self.engine,
            pid=os.getpid(),
            host=socket.gethostname(),
            started_at=self.started_at,
            counters=counters,
        )


@dataclass(frozen=True, slots=True)
class Parts(Generic[Job]):
    """All that a drain is made of; a composition root fills it in."""

    identity: WorkerIdentity
    queue: LeaseQueue
    pool: Pool[Job]
    fetcher: Fetcher
    pace: EngineLinger
    preparer: Preparer[Job]
    runner: Runner
    completer: Completer[Job]
    events: TaskEvents
    counters: Counters
    retry_policy: RetryPolicy
    clock: Clock
    stopping: threading.Event
    gauges: Callable[[], Mapping[str, float]]


class BatchConsumer(Generic[Job]):
    """Run the five steps over one queue until stopped."""

    def __init__(self, parts: Parts[Job]) -> None:
        self._parts: Parts[Job] = parts
        self._threads = [
            threading.Thread(target=self._guarded, args=(loop,), name=name, daemon=True)
            for name, loop in (
                ("intake", self._take_in),
                ("engine", self._run_engine),
                ("ending", parts.completer.run),
                ("pulse", self._run_heartbeat),
            )
        ]

    def start(self) -> None:
        """Begin to lease messages, as soon as Redis is there. The engine must be warm."""
        self._parts.events.open()
        try:
            self._heartbeat()
        except QueueUnavailable as absence:  # the pulse goes on trying
            _log.warning("heartbeat: %s", absence)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the batch in hand, hand the rest back to the head of the queue, and end."""
        parts = self._parts
        parts.stopping.set()
        deadline = parts.clock.monotonic() + _STOP_SECONDS
        handoff, engine, ending, pulse = self._threads
        self._join(handoff, deadline)
        parts.pool.close()
        self._join(engine, deadline)
        parts.completer.close()
        self._join(ending, deadline)
        self._join(pulse, deadline)
        parts.events.close()
        try:
            returned = parts.queue.release_all()
        except QueueUnavailable as absence:
            _log.warning("%s; another worker returns what this one held", absence)
        else:
            _log.info("stopped; %d messages handed back", returned)

    def _join(self, thread: threading.Thread, deadline: float) -> None:
        """Wait for a thread's end; one that Redis holds up is left behind."""
        thread.join(max(0.0, deadline - self._parts.clock.monotonic()))

    def _take_in(self) -> None:
        parts = self._parts
        while not parts.stopping.is_set():
            with parts.counters.cpu("lease"):
                leases = parts.retry_policy.retry_until_stopped(
                    lambda: parts.fetcher.lease(parts.stopping.is_set)
                )
            if not leases:
                continue
            began_at = parts.clock.monotonic()
            with parts.counters.cpu("prepare"):
                parts.pool.put(parts.preparer.prepare(leases))
            parts.pace.prepared(parts.clock.monotonic() - began_at)

    def _run_engine(self) -> None:
        parts = self._parts
        while works := parts.pool.take():
            lengths = [len(work.ids) for work in works]
            padded = parts.runner.padded_tokens(lengths)
            began_at = parts.clock.monotonic()
            parts.pace.begin(padded)
            parts.events.emit(
                TaskEvent("started", _task_id(work), _task(work), parts.clock.now())
                for work in works
            )
            with parts.counters.cpu("engine"):
                for ran in parts.runner.run(works):
                    parts.completer.put(ran)
            parts.pace.end()
            parts.counters.add(
                messages=len(works),
                batches=1,
                tokens=sum(lengths),
                padded_tokens=padded,
                engine_seconds=parts.clock.monotonic() - began_at,
            )

    def _run_heartbeat(self) -> None:
        while not self._parts.stopping.wait(HEARTBEAT_SECONDS):
            with suppress(QueueUnavailable):  # the persister logs that; a pulse beats on
                self._parts.retry_policy.try_once(self._heartbeat)
                self._parts.retry_policy.try_once(self._reclaim)

    def _heartbeat(self) -> None:
        counters = {**self._parts.counters.snapshot(), **self._parts.gauges()}
        self._parts.queue.heartbeat(self._parts.identity.status(counters))

    def _reclaim(self) -> None:
        reclaimed = self._parts.queue.reclaim_dead()
        if reclaimed.returned:
            _log.warning("%d messages of a dead worker are back", reclaimed.returned)
            self._parts.counters.add(reclaimed=reclaimed.returned)
        for lease in reclaimed.over_limit:
            self._parts.preparer.dead_letter(lease, "delivered too often without an answer")

    def _guarded(self, loop: Callable[[], None]) -> None:
        """End the process where a loop breaks: only a dead worker's messages return."""
        try:
            loop()
        except QueueUnavailable:
            _log.warning("stopping without Redis; another worker returns what this one held")
        except BaseException:  # noqa: BLE001 - logged, and the process ends
            _log.critical("the drain broke; this worker ends", exc_info=True)
            os._exit(70)


def _task_id(work: PreparedJob[Job]) -> str:
    return work.job.task_id if isinstance(work.job, ToneJob) else work.job.id


def _task(work: PreparedJob[Job]) -> str:
    return keys.TONE_TASK if isinstance(work.job, ToneJob) else keys.INFER_TASK

"""The batch consumer of one queue: four threads around the five steps.

fetcher:   fetch → prepare → buffer      while the engine is busy
engine:    batch → run → completer       the moment the engine is free (engine_loop.py)
completer: complete                      late tones, results, one atomic call
heartbeat: report, reclaim dead workers' messages
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic

import numpy as np

from shared.errors import QueueUnavailable
from shared.worker_status import WorkerStatus
from workers.consumer.batching import BatchBuffer
from workers.consumer.commit import Committer
from workers.consumer.complete import Completer
from workers.consumer.context import WorkerContext
from workers.consumer.engine_loop import EngineLoop
from workers.consumer.fetch import Fetcher
from workers.consumer.guarded import guarded
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import JobT, LeaseQueue, ResultT
from workers.consumer.linger import EngineLinger
from workers.consumer.options import ConsumerOptions
from workers.consumer.prepare import Preparer
from workers.consumer.process_figures import process_figures
from workers.consumer.role import Role
from workers.consumer.tone_sharing import ToneSharing
from workers.consumer.work import Work
from workers.engines.engine import Engine

_log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 1.0
_STOP_SECONDS = 12.0
_LAST_LEASE_SECONDS = 1.0
_LAST_BEAT_SECONDS = 1.0
_PAUSE_SECONDS = 0.25  # how late a paused worker notices that it stops


class BatchConsumer(Generic[JobT, ResultT]):
    """Run the five steps over one queue until stopped. The engine must be warm."""

    def __init__(
        self,
        context: WorkerContext,
        role: Role[JobT, ResultT],
        queue: LeaseQueue[JobT, ResultT],
        engine: Engine,
        options: ConsumerOptions,
    ) -> None:
        self._context, self._role, self._queue = context, role, queue
        self._engine_name = options.engine_name or engine.name
        self._gauges = options.gauges
        self._beside = options.beside
        self._knowledge = options.knowledge
        self._started_at = context.clock.now()
        # One batch ahead and no more: what lies here could be with a worker that is free.
        self._buffer: BatchBuffer[JobT] = BatchBuffer(
            options.limits, capacity=options.limits.messages
        )
        self._engine_linger = EngineLinger(context.clock, engine.cost)
        self._fetcher = Fetcher(queue, self._buffer, options.linger or self._engine_linger)
        committer = Committer(context, queue, role.task)
        self._sharing: ToneSharing[JobT] = ToneSharing(role)
        self._preparer = Preparer(context, role, queue, committer)
        self._completer = Completer(context, role, committer)
        self._work: Work = (
            options.make_work(self._buffer, self._completer.put)
            if options.make_work
            else EngineLoop(
                *(context, engine, options.limits, self._buffer, self._fetcher),
                *(self._engine_linger, self._completer.put),
            )
        )
        self._leasing = threading.Event()
        self._leasing.set()
        self._at_rest = threading.Event()
        self._drained = threading.Event()
        self._threads = [
            threading.Thread(target=guarded, args=(loop,), name=name, daemon=True)
            for name, loop in (
                ("fetcher", self._fetch),
                ("engine", self._work.run),
                ("completer", self._completer.run),
                ("heartbeat", self._run_heartbeat),
            )
        ]

    def start(self) -> None:
        """Begin to lease messages, as soon as Redis is there."""
        self._context.events.open()
        self._report()
        for thread in self._threads:
            thread.start()
        if self._beside:
            self._beside.start()
        if self._knowledge:  # left behind at the end: what it builds is of no use any more
            threading.Thread(target=self._knowledge.run, name="knowledge", daemon=True).start()

    def stop(self) -> None:
        """Finish the current batch, return the rest to the head of the queue, and end."""
        self._context.stopping.set()
        deadline = self._context.clock.monotonic() + _STOP_SECONDS
        fetcher, engine, completer, heartbeat = self._threads
        self._join(fetcher, deadline)
        self._buffer.close()
        self._join(engine, deadline)
        self._completer.close()
        self._join(completer, deadline)
        self._drained.set()
        self._join(heartbeat, max(deadline, self._context.clock.monotonic() + _LAST_BEAT_SECONDS))
        if self._beside:
            self._beside.stop()
        self._context.events.close()
        self._context.traces.close()
        try:
            returned = self._queue.release_all()
        except QueueUnavailable as error:
            _log.warning("%s; another worker returns the messages that this one held", error)
        else:
            _log.info("stopped; %d messages returned to the queue", returned)

    def pause(self) -> None:
        """Lease nothing more; what is held already is finished.

        Returns once the call that may still take a message has ended.
        """
        _log.info("paused: no more messages are leased from %s", self._role.queue)
        self._at_rest.clear()
        self._leasing.clear()
        self._at_rest.wait(_LAST_LEASE_SECONDS)
        self._report()

    def resume(self) -> None:
        """Lease again after a pause."""
        _log.info("messages are leased from %s", self._role.queue)
        self._leasing.set()
        self._report()

    @property
    def is_paused(self) -> bool:
        """Return whether it leases nothing."""
        return not self._leasing.is_set()

    def hasten(self, task_ids: Sequence[str]) -> None:
        """End what was revoked and is kept until later, as soon as Redis is there."""
        with suppress(QueueUnavailable):  # it ends when it is due
            self._queue.hasten(task_ids)

    def held(self) -> list[tuple[str, str, bool]]:
        """Return task, task id, and whether the engine works on it, of the jobs held."""
        task = self._role.task
        active = [(task, task_id, True) for task_id in self._work.running()]
        return active + [(task, task_id, False) for task_id in self._buffer.waiting()]

    def on_failover(self, listener: Callable[[], object]) -> None:
        """Call back, from another thread, once Redis is another server than before."""
        self._context.failover.listen(listener)

    def switch_events(self, *, on: bool) -> bool:
        """Send task events or drop them; return whether they are as was asked."""
        return self._context.events.switch(on=on)

    def _report(self) -> None:
        with suppress(QueueUnavailable):  # the heartbeat thread goes on trying
            self._heartbeat()

    def _join(self, thread: threading.Thread, deadline: float) -> None:
        """Wait for a thread's end; one that waits for Redis is left behind."""
        thread.join(max(0.0, deadline - self._context.clock.monotonic()))

    def _fetch(self) -> None:
        clock, stopping = self._context.clock, self._context.stopping
        laps = self._context.counters.laps()
        while not stopping.is_set():
            if not self._leasing.is_set():
                self._at_rest.set()
                self._leasing.wait(_PAUSE_SECONDS)
                continue
            leases = self._fetcher.fetch(stopping.is_set)
            laps.end("lease")
            if not leases:
                continue
            _log.debug("fetch: %d messages of %s", len(leases), self._role.queue)
            began_at = clock.monotonic()
            prepared = self._preparer.prepare(leases)
            self._buffer.put([job for job in prepared if job.tokens])
            self._sharing.prepared(prepared)
            laps.end("prepare")
            self._put_unread([job for job in prepared if not job.tokens])
            self._engine_linger.prepared(clock.monotonic() - began_at)

    def _put_unread(self, jobs: Sequence[PreparedJob[JobT]]) -> None:
        """Pass jobs by the engine that need none."""
        if jobs:
            self._work.passed(len(jobs))
            now, nothing = self._context.clock.monotonic(), np.empty((0, 0), np.float32)
            self._completer.put_unread(BatchResult(tuple(jobs), nothing, now, now))

    def _run_heartbeat(self) -> None:
        while not self._context.stopping.wait(HEARTBEAT_SECONDS):
            with suppress(QueueUnavailable):  # the queue logs it; the next second tries again
                self._heartbeat()
                self._reclaim()
        self._report()
        while not self._drained.wait(HEARTBEAT_SECONDS):
            self._report()  # else others take what is under way from it

    def _heartbeat(self) -> None:
        status = WorkerStatus(
            id=self._context.worker_id,
            queue=self._role.queue,
            engine=self._engine_name,
            pid=os.getpid(),
            host=socket.gethostname(),
            started_at=self._started_at,
            counters={
                **self._context.counters.snapshot(),
                **self._gauges(),
                **process_figures(),
            },
            paused=self.is_paused or self._context.stopping.is_set(),
            knowledge=self._knowledge.status() if self._knowledge else (),
            stage_seconds=self._context.stage_times.snapshot(),
            batch_messages=self._work.batch_messages(),
            loaded_per_second=round(self._work.loaded_per_second(), 3),
            gives_early=bool(self._role.early_model),
            looks_turned_away=round(self._completer.looks_turned_away(), 1),
        )
        self._queue.heartbeat(status)

    def _reclaim(self) -> None:
        reclaimed = self._queue.reclaim_dead()
        if reclaimed.returned:
            _log.warning("%d messages of a dead worker were returned", reclaimed.returned)
            self._context.counters.add(reclaimed=reclaimed.returned)
        reason = "delivered too often without an answer"
        self._preparer.dead_letter(reclaimed.over_limit, reason)

"""Steps 3 and 4 with an engine: form a batch the moment that it is free, and run it."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Generic

from shared.histograms import BATCH_BOUNDS_MESSAGES, Histogram
from workers.consumer.batching import BatchBuffer, BatchLimits
from workers.consumer.context import WorkerContext
from workers.consumer.decaying import LoadedPace, expected_message_seconds
from workers.consumer.fetch import Fetcher
from workers.consumer.histograms import HistogramCounter
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import JobT
from workers.consumer.linger import EngineLinger
from workers.consumer.run import Runner
from workers.consumer.task_events import TaskEvent
from workers.engines.engine import Engine

_log = logging.getLogger(__name__)


class EngineLoop(Generic[JobT]):
    """Run batches on an engine; `linger` and `fetcher` hear of each."""

    def __init__(
        self,
        context: WorkerContext,
        engine: Engine,
        limits: BatchLimits,
        buffer: BatchBuffer[JobT],
        fetcher: Fetcher[JobT, Any],
        linger: EngineLinger,
        put: Callable[[BatchResult[JobT]], None],
    ) -> None:
        self._context, self._engine_name = context, engine.name
        self._buffer, self._fetcher, self._linger, self._put = buffer, fetcher, linger, put
        self._runner = Runner(engine, context.clock)
        expected = expected_message_seconds(engine.cost, limits)
        self._loaded_pace = LoadedPace(context.clock, expected)
        self._batch_messages = HistogramCounter(BATCH_BOUNDS_MESSAGES)
        self._running: Sequence[str] = ()

    def run(self) -> None:
        """Run batches until the buffer is closed."""
        while jobs := self._buffer.take():
            self._run_batch(jobs)

    def running(self) -> Sequence[str]:
        """Return the task ids of the jobs in the engine."""
        return self._running

    def loaded_per_second(self) -> float:
        """Return how many messages a second it answers while more wait."""
        return self._loaded_pace.per_second()

    def passed(self, messages: int) -> None:
        """Take note of messages that go past the engine: they are part of the worker's pace."""
        if self._running:
            self._loaded_pace.add(messages)
        else:
            self._loaded_pace.begin_batch(messages, more_wait=self._more_wait())

    def batch_messages(self) -> Histogram | None:
        """Return how large batches were."""
        return self._batch_messages.snapshot()

    def _run_batch(self, jobs: Sequence[PreparedJob[JobT]]) -> None:
        counters, clock = self._context.counters, self._context.clock
        lengths = [len(passage.ids) for job in jobs for passage in job.passages]
        padded = self._runner.padded_tokens(lengths)
        began_at = clock.monotonic()
        self._begin(jobs, padded)
        end_batch = self._context.traces.begin_batch(jobs, self._engine_name, sum(lengths), padded)
        faults, laps = 0, counters.laps()
        for batch in self._runner.run(jobs):
            faults += batch.fault is not None
            self._put(batch)
        laps.end("engine")
        end_batch(faults)
        self._running = ()
        self._linger.end()
        seconds = clock.monotonic() - began_at
        counters.add(
            messages=len(jobs),
            batches=1,
            tokens=sum(lengths),
            padded_tokens=padded,
            engine_seconds=seconds,
        )
        self._batch_messages.observe([len(jobs)])
        _log.debug("batch: %d messages, %d tokens, %.1f ms", len(jobs), padded, seconds * 1e3)

    def _begin(self, jobs: Sequence[PreparedJob[JobT]], padded: int) -> None:
        self._loaded_pace.begin_batch(len(jobs), more_wait=self._more_wait())
        self._linger.begin(padded)
        self._running = [prepared.job.task_id for prepared in jobs]
        now = self._context.clock.now()
        self._context.events.emit(
            TaskEvent("started", prepared.job.task_id, prepared.job.task, now) for prepared in jobs
        )

    def _more_wait(self) -> bool:
        return self._fetcher.likely_more or len(self._buffer) > 0

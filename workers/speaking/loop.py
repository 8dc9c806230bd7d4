"""What works on jobs in a generation worker: a thread for each reply that a model writes."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from shared.fault_place import fault_place
from shared.histograms import Histogram
from workers.consumer.batching import BatchBuffer
from workers.consumer.context import WorkerContext
from workers.consumer.guarded import guarded
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.task_events import TaskEvent
from workers.speaking.voiced_job import VoicedJob
from workers.voice.brief import Spoken

Speak = Callable[[PreparedJob[VoicedJob]], Spoken | None]
_NOTHING = np.empty((0, 0), np.float32)
_log = logging.getLogger(__name__)


class SpeakingLoop:
    """Have many replies written at once; each is passed on when it is whole.

    `speak` returns a whole reply in time, whatever the model does, or None of a job that it has
    given back; it raises nothing once it has shown something. `most`: so many jobs are taken at
    once, more than the model has places: those that wait for one are ended in time all the same.
    """

    def __init__(
        self,
        context: WorkerContext,
        buffer: BatchBuffer[VoicedJob],
        put: Callable[[BatchResult[VoicedJob]], None],
        speak: Speak,
        most: int,
        per_second: Callable[[], float],
        model_name: str,
    ) -> None:
        self._context, self._buffer, self._put = context, buffer, put
        self._speak, self._most, self._per_second = speak, most, per_second
        self._model_name = model_name
        self._running: set[str] = set()
        self._lock = threading.Lock()

    def run(self) -> None:
        """Take jobs as threads become free, until the buffer is closed and all are passed on."""
        free = threading.Semaphore(self._most)
        free.acquire()
        while jobs := self._buffer.take():
            for each in jobs:  # the buffer's limits say one
                self._begin(each, free)
                free.acquire()
        for _ in range(self._most - 1):
            free.acquire()

    def running(self) -> Sequence[str]:
        """Return the task ids of the jobs that a model writes replies to."""
        with self._lock:
            return list(self._running)

    def loaded_per_second(self) -> float:
        """Return how many replies a second the model gets through."""
        return self._per_second()

    def passed(self, messages: int) -> None:
        """Take no note: the model's pace is that of what it writes."""

    def batch_messages(self) -> Histogram | None:
        """Return nothing: it is the model's server that forms batches."""
        return None

    def _begin(self, prepared: PreparedJob[VoicedJob], free: threading.Semaphore) -> None:
        # A daemon: one that Redis or the model holds up must not hold up the process's exit.
        work = partial(self._work, prepared, free)
        threading.Thread(target=guarded, args=(work,), name="speaker", daemon=True).start()

    def _work(self, prepared: PreparedJob[VoicedJob], free: threading.Semaphore) -> None:
        try:
            with self._lock:
                self._running.add(prepared.job.task_id)
            if done := self._spoken(prepared):
                self._put(done)
        finally:
            with self._lock:
                self._running.discard(prepared.job.task_id)
            free.release()

    def _spoken(self, prepared: PreparedJob[VoicedJob]) -> BatchResult[VoicedJob] | None:
        clock = self._context.clock
        began_at = clock.monotonic()
        started = TaskEvent("started", prepared.job.task_id, prepared.job.task, clock.now())
        self._context.events.emit((started,))
        end = self._context.traces.begin_batch([prepared], self._model_name, 0, 0)
        try:
            spoken = self._speak(prepared)
        except Exception as fault:  # noqa: BLE001 - the entries' own words go out all the same
            _log.warning("no words: %s", fault_place(fault))
            end(1)
            return BatchResult((prepared,), _NOTHING, began_at, clock.monotonic(), fault)
        end(0)
        self._context.counters.add(messages=1, batches=1)
        if spoken is None:
            self._context.traces.handed_over([prepared.lease])
            return None
        done = replace(prepared, job=replace(prepared.job, spoken=spoken))
        return BatchResult((done,), _NOTHING, began_at, clock.monotonic())

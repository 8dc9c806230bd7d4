"""Steps 2 and 5 for the sentiment worker: tone tasks in, tones out."""

import queue as queues
import traceback
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from shared import keys
from shared.clock import Clock
from shared.errors import MalformedMessage
from shared.jobs import Tone
from shared.wire import TaskMessage, decode, decode_tone, peek_id
from workers.consumer.counters import Counters
from workers.consumer.jobs import BatchResult, PreparedJob, ToneJob
from workers.consumer.lease_queue import DeadLetter, Lease, SentimentQueue, ToneCompletion
from workers.consumer.prepare import DropPolicy, prepare_texts
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.task_events import EventKind, TaskEvent, TaskEvents
from workers.preprocessing.preprocessor import Preprocessor

Classify = Callable[[Sequence[str], NDArray[np.float32]], Sequence[Tone]]


class TonePreparer:
    """Make works of leased `chat.tone` messages; drop those whose time is over."""

    def __init__(
        self,
        queue: SentimentQueue,
        preprocessor: Preprocessor,
        judge: DropPolicy,
        events: TaskEvents,
        counters: Counters,
        retry_policy: RetryPolicy,
    ) -> None:
        self._queue = queue
        self._preprocessor = preprocessor
        self._judge = judge
        self._events = events
        self._counters = counters
        self._retry_policy = retry_policy

    def prepare(self, leases: Sequence[Lease]) -> list[PreparedJob[ToneJob]]:
        """Return works in order of arrival; every other lease is ended here."""
        leased_at = self._judge.clock.monotonic()
        ended: list[ToneCompletion] = []
        going: list[tuple[Lease, ToneJob]] = []
        for lease in leases:
            job = self._decode(lease, ended)
            if job:
                going.append((lease, job))
        prepared = prepare_texts(self._preprocessor, [job.message for _, job in going])
        works = []
        for (lease, job), text in zip(going, prepared, strict=True):
            if isinstance(text, str):
                ended.append(self._dead(lease, "the message cannot be prepared", text))
                continue
            now = self._judge.clock.monotonic()
            works.append(
                PreparedJob(
                    lease.token, lease.raw, job, text.text, text.ids, text.truncated, leased_at, now
                )
            )
        self._end(ended)
        return works

    def dead_letter(self, lease: Lease, reason: str, trace: str | None = None) -> None:
        """Keep a message that cannot be run as a dead letter."""
        self._end([self._dead(lease, reason, trace)])

    def _decode(self, lease: Lease, ended: list[ToneCompletion]) -> ToneJob | None:
        now = self._judge.clock.now()
        try:
            task: TaskMessage = decode(lease.raw)
            job_id, message = decode_tone(task)
        except MalformedMessage as fault:
            ended.append(self._dead(lease, str(fault)))
            return None
        self._events.emit([TaskEvent("received", task.id, keys.TONE_TASK, now)])
        if self._judge.drop_reason(task.id, task.expires_at):
            self._events.emit([TaskEvent("revoked", task.id, keys.TONE_TASK, now)])
            ended.append(ToneCompletion(lease.token, job_id))
            return None
        return ToneJob(job_id, task.id, message, task.expires_at)

    def _end(self, ended: Sequence[ToneCompletion]) -> None:
        if ended:
            self._retry_policy.retry_until_stopped(lambda: self._queue.complete(ended))
            dead = sum(1 for end in ended if end.dead_letter)
            self._counters.add(ended_early=len(ended), dead_letters=dead)

    def _dead(self, lease: Lease, reason: str, trace: str | None = None) -> ToneCompletion:
        return dead_tone(lease.token, lease.raw, reason, self._judge.clock.now(), trace)


class ToneCompleter:
    """Classify what went through the engine, and store the tones."""

    def __init__(
        self,
        queue: SentimentQueue,
        classify: Classify,
        events: TaskEvents,
        counters: Counters,
        retry_policy: RetryPolicy,
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._classify = classify
        self._events = events
        self._counters = counters
        self._retry_policy = retry_policy
        self._clock = clock
        self._inbox: queues.SimpleQueue[BatchResult[ToneJob] | None] = queues.SimpleQueue()

    def put(self, ran: BatchResult[ToneJob]) -> None:
        """Take a batch that went through the engine."""
        self._inbox.put(ran)

    def close(self) -> None:
        """Let `run` return once all is ended that was put before."""
        self._inbox.put(None)

    def run(self) -> None:
        """End batches until closed."""
        while ran := self._inbox.get():
            self.end(ran)

    def end(self, ran: BatchResult[ToneJob]) -> None:
        """Store the tones of one batch."""
        with self._counters.cpu("judge"):
            completions = self._completions(ran)
        with self._counters.cpu("complete"):
            verdicts = self._retry_policy.retry_until_stopped(
                lambda: self._queue.complete(completions)
            )
        self._counters.add(
            answered=len(completions),
            completions=1,
            lost_leases=verdicts.count("lost"),
            dead_letters=sum(1 for end in completions if end.dead_letter),
        )
        self._emit(ran)

    def _emit(self, ran: BatchResult[ToneJob]) -> None:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        zero = now - monotonic
        kind: EventKind = "failed" if ran.fault else "succeeded"
        self._events.emit(
            TaskEvent(
                kind,
                work.job.task_id,
                keys.TONE_TASK,
                now,
                received_at=zero + work.leased_at,
                started_at=zero + ran.started_at,
                runtime_seconds=monotonic - ran.started_at,
            )
            for work in ran.works
        )

    def _completions(self, ran: BatchResult[ToneJob]) -> list[ToneCompletion]:
        if ran.fault is not None:
            return self._singly(ran, ran.fault)
        try:
            tones = self._classify([work.text for work in ran.works], ran.vectors)
        except Exception as fault:  # noqa: BLE001 - then one by one, so that the faulty is alone
            return self._singly(ran, fault)
        return [
            ToneCompletion(work.token, work.job.id, tone)
            for work, tone in zip(ran.works, tones, strict=True)
        ]

    def _singly(self, ran: BatchResult[ToneJob], fault: Exception) -> list[ToneCompletion]:
        if len(ran.works) > 1:
            return [
                completion
                for place, work in enumerate(ran.works)
                for completion in self._completions(
                    BatchResult(
                        (work,), ran.vectors[place : place + 1], ran.started_at, ran.ended_at
                    )
                )
            ]
        work = ran.works[0]
        trace = "".join(traceback.format_exception(fault))
        reason = f"{type(fault).__name__} while judging the tone"
        return [dead_tone(work.token, work.raw, reason, self._clock.now(), trace)]


def dead_tone(
    token: bytes, raw: bytes, reason: str, at: float, trace: str | None = None
) -> ToneCompletion:
    """Return the end of a tone task that cannot be run."""
    letter = DeadLetter(peek_id(raw), keys.TONE_TASK, keys.SENTIMENT, reason, at, raw, trace)
    return ToneCompletion(token, None, dead_letter=letter)

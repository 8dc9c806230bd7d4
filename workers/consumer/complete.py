"""Step 5: find the answers, wait a moment for late tones, compose, and end each job.

One thread of its own: batches and late tones come in through one inbox, and whatever is ready at
the same moment goes out in one atomic call.
"""

import queue as queues
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from shared import keys
from shared.clock import Clock
from shared.jobs import UNKNOWN_TONE, ChatJob, Tone, Turn
from shared.results import Failure, encode_failure, encode_reply
from workers.consumer.counters import Counters
from workers.consumer.draft import Composer, Draft
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import Completion, CompletionVerdict, DeadLetter, InferenceQueue
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.task_events import TaskEvent, TaskEvents

TONE_WAIT_SECONDS = 0.15
_IDLE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _Pending:
    work: PreparedJob[ChatJob]
    draft: Draft
    started_at: float
    due_at: float


class ChatCompleter:
    """End chat jobs that went through the engine."""

    def __init__(
        self,
        queue: InferenceQueue,
        composer: Composer,
        events: TaskEvents,
        counters: Counters,
        retry_policy: RetryPolicy,
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._composer = composer
        self._events = events
        self._counters = counters
        self._retry_policy = retry_policy
        self._clock = clock
        self._inbox: queues.SimpleQueue[BatchResult[ChatJob] | tuple[str, Tone] | None] = (
            queues.SimpleQueue()
        )
        # By job: one that was delivered twice is twice in this worker's hands.
        self._pending: dict[str, list[_Pending]] = {}
        self._closed = False

    def put(self, ran: BatchResult[ChatJob]) -> None:
        """Take a batch that went through the engine."""
        self._inbox.put(ran)

    def close(self) -> None:
        """Let `run` return once all is ended that was put before."""
        self._inbox.put(None)

    def run(self) -> None:
        """End jobs until closed."""
        stop_tones = self._queue.subscribe_tones(self._hear)
        try:
            while not self._closed or self._pending:
                self.step(self._patience())
        finally:
            stop_tones()

    def step(self, timeout_seconds: float) -> None:
        """Wait for news at most so long, then end every job that is ready."""
        ready: list[tuple[_Pending, Tone]] = []
        buried: list[Completion] = []
        news = self._news(timeout_seconds)
        with self._counters.cpu("compose"):
            self._sort(news, ready, buried)
        self._end(ready, buried)

    def _sort(
        self,
        news: "list[BatchResult[ChatJob] | tuple[str, Tone] | None]",
        ready: list[tuple[_Pending, Tone]],
        buried: list[Completion],
    ) -> None:
        for item in news:
            if item is None:
                self._closed = True
            elif isinstance(item, BatchResult):
                self._receive(item, ready, buried)
            else:
                self._match(item, ready)
        ready += self._overdue()

    def _hear(self, job_id: str, tone: Tone) -> None:
        self._inbox.put((job_id, tone))

    def _patience(self) -> float:
        if not self._pending:
            return _IDLE_SECONDS
        soonest = min(duplicates[0].due_at for duplicates in self._pending.values())
        return max(0.0, min(_IDLE_SECONDS, soonest - self._clock.monotonic()))

    def _news(
        self, timeout_seconds: float
    ) -> "list[BatchResult[ChatJob] | tuple[str, Tone] | None]":
        news = []
        try:
            news.append(self._inbox.get(timeout=timeout_seconds))
            while True:
                news.append(self._inbox.get_nowait())
        except queues.Empty:
            return news

    def _receive(
        self,
        ran: BatchResult[ChatJob],
        ready: list[tuple[_Pending, Tone]],
        buried: list[Completion],
    ) -> None:
        if ran.fault is not None:
            buried.append(self._dead(ran.works[0], ran.fault))
            return
        try:
            drafts = self._composer.draft(ran)
        except Exception as fault:  # noqa: BLE001 - one work's fault must not take the others down
            self._receive_singly(ran, fault, ready, buried)
            return
        tones = self._retry_policy.retry_until_stopped(
            lambda: self._queue.tones([work.job.id for work in ran.works])
        )
        due_at = ran.ended_at + TONE_WAIT_SECONDS
        for work, draft in zip(ran.works, drafts, strict=True):
            pending = _Pending(work, draft, ran.started_at, due_at)
            tone = tones.get(work.job.id)
            if tone:
                ready.append((pending, tone))
            else:
                self._pending.setdefault(work.job.id, []).append(pending)

    def _receive_singly(
        self,
        ran: BatchResult[ChatJob],
        fault: Exception,
        ready: list[tuple[_Pending, Tone]],
        buried: list[Completion],
    ) -> None:
        if len(ran.works) == 1:
            buried.append(self._dead(ran.works[0], fault))
            return
        for place, work in enumerate(ran.works):
            vector = ran.vectors[place : place + 1]
            self._receive(BatchResult((work,), vector, ran.started_at, ran.ended_at), ready, buried)

    def _match(self, news: tuple[str, Tone], ready: list[tuple[_Pending, Tone]]) -> None:
        job_id, tone = news
        ready += [(pending, tone) for pending in self._pending.pop(job_id, ())]

    def _overdue(self) -> list[tuple[_Pending, Tone]]:
        now = self._clock.monotonic()
        late = [
            job_id for job_id, duplicates in self._pending.items() if duplicates[0].due_at <= now
        ]
        self._counters.add(tones_late=len(late))
        return [(pending, UNKNOWN_TONE) for job_id in late for pending in self._pending.pop(job_id)]

    def _end(self, ready: Sequence[tuple[_Pending, Tone]], buried: Sequence[Completion]) -> None:
        if not ready and not buried:
            return
        with self._counters.cpu("compose"):
            completions = [*(self._finish(pending, tone) for pending, tone in ready), *buried]
        began_at = self._clock.monotonic()
        with self._counters.cpu("complete"):
            verdicts = self._retry_policy.retry_until_stopped(
                lambda: self._queue.complete(completions)
            )
        seconds = self._clock.monotonic() - began_at
        self._counters.add(
            completion_seconds=seconds * len(completions),
            answered=sum(
                verdict == "applied" and end.state == "done"
                for verdict, end in zip(verdicts, completions, strict=True)
            ),
            completions=1,
            lost_leases=verdicts.count("lost"),
            duplicates=verdicts.count("duplicate"),
            dead_letters=sum(1 for end in completions if end.dead_letter),
        )
        self._emit(ready, verdicts, [end for end in completions if end.dead_letter])

    def _emit(
        self,
        ready: Sequence[tuple[_Pending, Tone]],
        verdicts: Sequence[CompletionVerdict],
        buried: Sequence[Completion],
    ) -> None:
        now, clock_now = self._clock.monotonic(), self._clock.now()
        zero = clock_now - now
        failed = {end.job_id for end in buried}
        self._events.emit(
            TaskEvent(
                "revoked" if verdict == "duplicate" else "succeeded",
                pending.work.job.id,
                keys.INFER_TASK,
                clock_now,
                received_at=zero + pending.work.leased_at,
                started_at=zero + pending.started_at,
                runtime_seconds=now - pending.started_at,
            )
            for (pending, _), verdict in zip(ready, verdicts, strict=False)
            if pending.work.job.id not in failed
        )
        self._events.emit(
            TaskEvent("failed", end.job_id, keys.INFER_TASK, clock_now, fault="dead letter")
            for end in buried
            if end.job_id
        )

    def _finish(self, pending: _Pending, tone: Tone) -> Completion:
        try:
            return self._complete(pending, tone)
        except Exception as fault:  # noqa: BLE001 - one draft's fault must not take the others down
            return self._dead(pending.work, fault)

    def _complete(self, pending: _Pending, tone: Tone) -> Completion:
        work, job = pending.work, pending.work.job
        reply, phrases = pending.draft(tone, self._clock.monotonic())
        now = self._clock.now()
        return Completion(
            token=work.token,
            job_id=job.id,
            state="done",
            body=encode_reply(reply),
            done_at=now,
            conversation_id=job.conversation_id,
            gateway=job.gateway,
            turns=(
                Turn("user", job.message, job.id, job.accepted_at),
                Turn("assistant", reply.response, job.id, now),
            ),
            phrases=phrases,
        )

    def _dead(self, work: PreparedJob[ChatJob], fault: Exception) -> Completion:
        job, now = work.job, self._clock.now()
        trace = "".join(traceback.format_exception(fault))
        reason = f"{type(fault).__name__} while answering"
        return Completion(
            token=work.token,
            job_id=job.id,
            state="failed",
            body=encode_failure(Failure("failed", "This message could not be answered.")),
            done_at=now,
            conversation_id=job.conversation_id,
            gateway=job.gateway,
            dead_letter=DeadLetter(
                job.id, keys.INFER_TASK, keys.INFERENCE, reason, now, work.raw, trace
            ),
        )

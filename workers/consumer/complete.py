"""Step 5: find the results, hand over unsure ones, wait a moment for tones, and end each job.

One thread of its own: batches and late tones come in through one inbox, and whatever is ready at
the same moment goes out in one atomic call.
"""

import queue as queues
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic

from shared.jobs import UNKNOWN_TONE, Tone
from shared.results import Failure
from workers.consumer.commit import Committer
from workers.consumer.context import WorkerContext
from workers.consumer.hand_overs import Drafted, HandOvers
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import (
    Completion,
    DeadLetter,
    JobT,
    ResultT,
)
from workers.consumer.role import Draft, Role
from workers.consumer.tone_sharing import ToneSharing

_IDLE_SECONDS = 0.5
_MAX_BEHIND = 2  # batches of what no engine holds up: what lies here could be with a free worker
_LOOK_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class _Arrivals(Generic[JobT]):
    """What the inbox held at one moment."""

    batches: Sequence[BatchResult[JobT]]
    tones: Sequence[tuple[str, Tone]]
    closed: bool


class Completer(Generic[JobT, ResultT]):
    """End jobs that went through the engine."""

    def __init__(
        self,
        context: WorkerContext,
        role: Role[JobT, ResultT],
        committer: Committer[JobT, ResultT],
    ) -> None:
        self._context = context
        self._role = role
        self._committer = committer
        self._sharing: ToneSharing[JobT] = ToneSharing(role)
        self._inbox: queues.SimpleQueue[BatchResult[JobT] | tuple[str, Tone] | None] = (
            queues.SimpleQueue()
        )
        # By job: one that was delivered twice is twice under lease.
        self._waiting: dict[str, list[Drafted[JobT, ResultT]]] = {}
        self._closed = False
        self._hand_overs = HandOvers(context, role)

    def put(self, batch: BatchResult[JobT]) -> None:
        """Take a batch that went through the engine."""
        self._inbox.put(batch)

    def put_unread(self, batch: BatchResult[JobT]) -> None:
        """Take a batch that needs no engine, once few others wait or the worker stops."""
        stopping = self._context.stopping
        while self._inbox.qsize() >= _MAX_BEHIND and not stopping.wait(_LOOK_SECONDS):
            continue
        self._inbox.put(batch)

    def put_tone(self, job_id: str, tone: Tone) -> None:
        """Take a tone that came late."""
        self._inbox.put((job_id, tone))

    def close(self) -> None:
        """Let `run` return once all is ended that was put before."""
        self._inbox.put(None)

    def looks_turned_away(self) -> float:
        """Return how many second looks could not be had lately."""
        return self._hand_overs.looks_turned_away()

    def run(self) -> None:
        """End jobs until closed."""
        tones = self._role.tones
        unsubscribe = tones.subscribe_tones(self.put_tone) if tones else None
        try:
            while not self._closed or self._waiting:
                self.step(self._timeout_seconds())
        finally:
            if unsubscribe:
                unsubscribe()

    def step(self, timeout_seconds: float) -> None:
        """Wait for arrivals at most this long, then end every job that is ready."""
        arrivals = self._receive(timeout_seconds)
        self._closed = self._closed or arrivals.closed
        traces, laps = self._context.traces, self._context.counters.laps()
        traces.ran(arrivals.batches)
        self._sharing.ran(arrivals.batches)  # first: tones are made while drafts are
        drafted, dead = self._draft(arrivals.batches)
        traces.drafted([each.prepared.lease for each in drafted])
        known = self._await_tones(self._hand_overs.offer_looks(drafted))
        waited = [*self._match(arrivals.tones), *self._overdue()]
        traces.toned([each.prepared.lease for each, _ in waited])
        finished = [self._finish(each, tone) for each, tone in (*known, *waited)]
        completions = self._hand_overs.offer_words(finished)
        laps.end("compose")
        self._committer.commit([*completions, *dead])
        laps.end("complete")

    def _timeout_seconds(self) -> float:
        if not self._waiting:
            return _IDLE_SECONDS
        soonest = min(duplicates[0].due_at for duplicates in self._waiting.values())
        return max(0.0, min(_IDLE_SECONDS, soonest - self._context.clock.monotonic()))

    def _receive(self, timeout_seconds: float) -> _Arrivals[JobT]:
        items = []
        try:
            items.append(self._inbox.get(timeout=timeout_seconds))
            while True:
                items.append(self._inbox.get_nowait())
        except queues.Empty:
            return _Arrivals(
                batches=[item for item in items if isinstance(item, BatchResult)],
                tones=[item for item in items if isinstance(item, tuple)],
                closed=None in items,
            )

    def _draft(
        self, batches: Iterable[BatchResult[JobT]]
    ) -> tuple[list[Drafted[JobT, ResultT]], list[Completion[JobT, ResultT]]]:
        """Find the results of batches; a job whose result cannot be found becomes a dead letter."""
        drafted, dead = [], []
        pending = list(batches)
        while pending:
            batch = pending.pop(0)
            try:
                drafts = self._find_results(batch)
            except Exception as fault:  # noqa: BLE001 - one job's fault must not fail the others
                if len(batch.jobs) == 1:
                    dead.append(self._dead(batch.jobs[0], batch.started_at, fault))
                else:
                    pending[:0] = [batch.single(index) for index in range(len(batch.jobs))]
                continue
            drafted += [
                Drafted(prepared, draft, batch.started_at, batch.ended_at)
                for prepared, draft in zip(batch.jobs, drafts, strict=True)
            ]
        return drafted, dead

    def _find_results(self, batch: BatchResult[JobT]) -> Sequence[Draft[ResultT]]:
        if batch.fault is not None and not self._role.outlasts_faults:
            raise batch.fault
        return self._role.draft(batch)

    def _await_tones(
        self, drafted: Sequence[Drafted[JobT, ResultT]]
    ) -> list[tuple[Drafted[JobT, ResultT], Tone]]:
        """Return the jobs whose tone is known; the others wait for theirs."""
        if self._role.tones is None or not drafted:
            return [(each, UNKNOWN_TONE) for each in drafted]
        toned = [each.prepared.job.task_id for each in drafted if each.draft.needs_tone]
        tones = self._role.tones.tones(toned) if toned else {}
        ready = []
        for each in drafted:
            job_id = each.prepared.job.task_id
            if not each.draft.needs_tone:
                ready.append((each, UNKNOWN_TONE))
            elif job_id in tones:
                ready.append((each, tones[job_id]))
            else:
                self._waiting.setdefault(job_id, []).append(each)
        return ready

    def _match(
        self, tones: Iterable[tuple[str, Tone]]
    ) -> list[tuple[Drafted[JobT, ResultT], Tone]]:
        return [(each, tone) for job_id, tone in tones for each in self._waiting.pop(job_id, ())]

    def _overdue(self) -> list[tuple[Drafted[JobT, ResultT], Tone]]:
        now = self._context.clock.monotonic()
        late = [job_id for job_id, each in self._waiting.items() if each[0].due_at <= now]
        self._context.counters.add(tones_late=len(late))
        return [(each, UNKNOWN_TONE) for job_id in late for each in self._waiting.pop(job_id)]

    def _finish(self, drafted: Drafted[JobT, ResultT], tone: Tone) -> Completion[JobT, ResultT]:
        prepared, clock = drafted.prepared, self._context.clock
        now, monotonic = clock.now(), clock.monotonic()
        try:
            result = drafted.draft.finish(tone, monotonic)
        except Exception as fault:  # noqa: BLE001 - one job's fault must not fail the others
            return self._dead(prepared, drafted.started_at, fault)
        return Completion(
            lease=prepared.lease,
            job=prepared.job,
            task_id=prepared.job.task_id,
            done_at=now,
            result=result,
            leased_at=now - monotonic + prepared.leased_at,
            started_at=now - monotonic + drafted.started_at,
            stages=prepared.stages(
                clock, started_at=drafted.started_at, ended_at=drafted.ended_at, now=monotonic
            ),
        )

    def _dead(
        self, prepared: PreparedJob[JobT], started_at: float, fault: BaseException
    ) -> Completion[JobT, ResultT]:
        clock, role, task_id = self._context.clock, self._role, prepared.job.task_id
        now = clock.now()
        zero = now - clock.monotonic()
        return Completion(
            lease=prepared.lease,
            job=prepared.job,
            task_id=task_id,
            done_at=now,
            failure=Failure("failed", "This message could not be answered."),
            dead_letter=DeadLetter(
                id=task_id,
                task=prepared.job.task,
                queue=role.queue,
                reason=f"{type(fault).__name__} in the engine or while the result was found",
                at=now,
                raw=prepared.lease.raw,
                traceback="".join(traceback.format_exception(fault)),
            ),
            dead_reason="failed",
            leased_at=zero + prepared.leased_at,
            started_at=zero + started_at,
        )

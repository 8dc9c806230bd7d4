"""Apply completions, then count and report what was applied.

Shared by all that end jobs: the preparer, the completer and the heartbeat. If the reply of an
applied call was lost, its repetition finds the leases given up: those ends are stored, and counted
as lost.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Generic

from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import (
    Completion,
    CompletionVerdict,
    JobT,
    LeaseQueue,
    ResultT,
)
from workers.consumer.task_events import EventKind, TaskEvent

_log = logging.getLogger(__name__)


class Committer(Generic[JobT, ResultT]):
    """End jobs for good. Any thread of a worker may use it."""

    def __init__(self, context: WorkerContext, queue: LeaseQueue[JobT, ResultT], task: str) -> None:
        self._context = context
        self._queue = queue
        self._task = task
        self._lock = threading.Lock()
        self._postponed: list[Completion[JobT, ResultT]] = []

    def commit(self, completions: Sequence[Completion[JobT, ResultT]]) -> None:
        """Complete jobs in one atomic call; Celery's monitors hear only of what took effect.

        What a partition postpones is completed again with the next call, which may bring nothing.
        """
        with self._lock:
            again, self._postponed = self._postponed, []
        completions = [*again, *completions]
        if not completions:
            return
        counters, clock = self._context.counters, self._context.clock
        began_at = clock.monotonic()
        verdicts = self._queue.complete(completions)
        pairs = self._without_postponed(list(zip(completions, verdicts, strict=True)))
        if not pairs:
            return
        self._context.traces.completed(pairs, began_at)
        counters.add(completions=1, **_counts(pairs, clock.monotonic() - began_at))
        self._context.stage_times.record(
            end.stages for end, verdict in pairs if end.stages and verdict == "applied"
        )
        reports = (
            _report(pair[0].job.task if pair[0].job else self._task, *pair) for pair in pairs
        )
        self._context.events.emit(report for report in reports if report)
        if _log.isEnabledFor(logging.DEBUG):
            ends = (f"{end.task_id}={end.state}/{verdict}" for end, verdict in pairs)
            _log.debug("complete: %s %s", self._task, " ".join(ends))

    def _without_postponed(
        self, pairs: "list[tuple[Completion[JobT, ResultT], CompletionVerdict]]"
    ) -> "list[tuple[Completion[JobT, ResultT], CompletionVerdict]]":
        postponed = [completion for completion, verdict in pairs if verdict == "postponed"]
        if not postponed:
            return pairs
        with self._lock:
            self._postponed += postponed
        return [pair for pair in pairs if pair[1] != "postponed"]


def _counts(
    pairs: "Sequence[tuple[Completion[JobT, ResultT], CompletionVerdict]]", seconds: float
) -> dict[str, float]:
    applied = [completion for completion, verdict in pairs if verdict == "applied"]
    held = [(completion, verdict) for completion, verdict in pairs if verdict != "lost"]
    answered = sum(completion.state == "done" for completion in applied)
    return {
        "completion_seconds": seconds * answered,
        "answered": answered,
        "ended_early": sum(end.started_at is None and not end.already_ended for end, _ in held),
        "dead_letters": sum(completion.dead_letter is not None for completion in applied),
        **_dead_letters(applied),
        "lost_leases": len(pairs) - len(held),
        "duplicates": sum(
            verdict == "duplicate" and end.started_at is not None for end, verdict in held
        ),
    }


def _dead_letters(applied: "Sequence[Completion[JobT, ResultT]]") -> dict[str, float]:
    reasons = [completion.dead_reason for completion in applied if completion.dead_reason]
    return {f"dead_letters_{reason}": reasons.count(reason) for reason in reasons}


def _report(
    task: str, completion: Completion[JobT, ResultT], verdict: CompletionVerdict
) -> TaskEvent | None:
    """Return the one event that a completion's verdict gives rise to, if any."""
    if verdict == "lost" or completion.already_ended or completion.task_id is None:
        return None  # reported by the worker that ended it; without an id there is no task
    kind: EventKind = "revoked"
    if verdict == "applied" and completion.state in ("done", "failed"):
        kind = "succeeded" if completion.state == "done" else "failed"
    began_at = completion.started_at
    return TaskEvent(
        kind,
        completion.task_id,
        task,
        completion.done_at,
        received_at=completion.leased_at,
        started_at=began_at,
        runtime_seconds=0.0 if began_at is None else max(0.0, completion.done_at - began_at),
        fault="" if kind == "succeeded" else _fault(completion, verdict),
    )


def _fault(completion: Completion[JobT, ResultT], verdict: CompletionVerdict) -> str:
    if completion.dead_letter:
        return "dead letter"
    return completion.state if completion.failure else verdict

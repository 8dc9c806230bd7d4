"""The last step of every job: apply its completion, then count and report what was applied."""

import logging
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

    def commit(self, completions: Sequence[Completion[JobT, ResultT]]) -> None:
        """Complete jobs in one atomic call; Celery's monitors hear only of what took effect."""
        if not completions:
            return
        counters, clock = self._context.counters, self._context.clock
        began_at = clock.monotonic()
        with counters.cpu("complete"):
            verdicts = self._queue.complete(completions)
        pairs = list(zip(completions, verdicts, strict=True))
        counters.add(completions=1, **_counts(pairs, clock.monotonic() - began_at))
        reports = (_report(self._task, *pair) for pair in pairs)
        self._context.events.emit(report for report in reports if report)
        if _log.isEnabledFor(logging.DEBUG):
            ends = (f"{end.task_id}={end.state}/{verdict}" for end, verdict in pairs)
            _log.debug("complete: %s %s", self._task, " ".join(ends))


def _counts(
    pairs: "Sequence[tuple[Completion[JobT, ResultT], CompletionVerdict]]", seconds: float
) -> dict[str, float]:
    applied = [completion for completion, verdict in pairs if verdict == "applied"]
    verdicts = [verdict for _, verdict in pairs]
    return {
        "completion_seconds": seconds * len(pairs),
        "answered": sum(completion.state == "done" for completion in applied),
        "ended_early": sum(completion.started_at is None for completion in applied),
        "dead_letters": sum(completion.dead_letter is not None for completion in applied),
        "lost_leases": verdicts.count("lost"),
        "duplicates": verdicts.count("duplicate"),
    }


def _report(
    task: str, completion: Completion[JobT, ResultT], verdict: CompletionVerdict
) -> TaskEvent | None:
    """Return the one event that a completion's verdict gives rise to, if any."""
    if verdict == "lost" or completion.task_id is None:
        return None  # another worker ends it, and reports it; without an id there is no task
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
        fault="" if kind == "succeeded" else _fault(completion),
    )


def _fault(completion: Completion[JobT, ResultT]) -> str:
    return "dead letter" if completion.dead_letter else completion.state

"""What large workers count, and how fast they say that they are."""

import logging
from collections.abc import Sequence

from shared.jobs import ChatJob
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult
from workers.second_look.first_look import FirstLook
from workers.second_look.pace import Pace

_MAX_SECONDS = 60.0  # no second look takes longer; a foreign client may have written anything
_log = logging.getLogger(__name__)


class SecondLookMeter:
    """Count second looks: done, of these late, and those that were not made."""

    def __init__(self, context: WorkerContext, pace: Pace, target_seconds: float) -> None:
        self._context = context
        self._pace = pace
        self._target_seconds = target_seconds

    def record_looks(self, batch: BatchResult[ChatJob], looks: Sequence[FirstLook]) -> None:
        """Count a batch that went through the engine."""
        now = self._context.clock.now()
        due = [each.job.accepted_at + self._target_seconds for each in batch.jobs]
        seconds = sum(min(max(0.0, now - look.handed_at), _MAX_SECONDS) for look in looks)
        self._pace.record(len(looks), batch.ended_at - batch.started_at, seconds / len(looks))
        self._context.counters.add(
            second_looks_done=len(looks),
            second_looks_late=sum(now > due_at for due_at in due),
            second_look_seconds=seconds,
        )

    def record_missed(self, batch: BatchResult[ChatJob]) -> None:
        """Count a batch that came too late for the engine, or with which the engine failed."""
        if batch.fault is None:
            self._context.counters.add(second_looks_overdue=len(batch.jobs))
            return
        self._context.counters.add(second_looks_failed=len(batch.jobs))
        _log.warning("no second look: %s: %s", type(batch.fault).__name__, batch.fault)

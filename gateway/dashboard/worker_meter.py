"""What workers have done since the last look, whoever of them started or died meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import sub

from gateway.dashboard.sample import STAGES
from shared.histograms import STAGE_BOUNDS_SECONDS
from shared.worker_status import WorkerStatus

_REMEMBERED_SECONDS = 60.0  # one whose heartbeat was missed is known again
_NO_OBSERVATIONS = (0,) * (len(STAGE_BOUNDS_SECONDS) + 1)


@dataclass(frozen=True, slots=True)
class Work:
    """What one worker did: its counters' growth, and its stages' histograms'."""

    status: WorkerStatus
    counters: Mapping[str, float]
    stages: tuple[tuple[int, ...], ...]

    def counted(self, name: str) -> float:
        """Return by how much a counter has grown."""
        return self.counters.get(name, 0.0)


class WorkerMeter:
    """Remember what each worker has reported, and say by how much it has grown.

    Counters begin with the process: those of a worker that is new since the last look have grown
    from nothing. Of one that runs longer, and was not seen before, the growth is not known.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[WorkerStatus, float]] = {}
        self._looked_at: float | None = None

    def advance(self, workers: Sequence[WorkerStatus], now: float) -> list[Work]:
        """Return what each live worker did since the last call."""
        work = [self._work(status) for status in workers]
        kept = {
            name: seen for name, seen in self._seen.items() if now - seen[1] < _REMEMBERED_SECONDS
        }
        self._seen = kept | {status.id: (status, now) for status in workers}
        self._looked_at = now
        return work

    def _work(self, status: WorkerStatus) -> Work:
        before = self._before(status)
        if before is None:
            return Work(status, {}, (_NO_OBSERVATIONS,) * len(STAGES))
        counters = {
            name: max(0.0, value - before.counters.get(name, 0.0))
            for name, value in status.counters.items()
        }
        return Work(status, counters, tuple(_grown(before, status, stage) for stage in STAGES))

    def _before(self, status: WorkerStatus) -> WorkerStatus | None:
        """Return what the same process reported last; nothing done if it is new; None: unknown."""
        seen = self._seen.get(status.id)
        if seen and seen[0].started_at == status.started_at:
            return seen[0]
        if self._looked_at is None or status.started_at <= self._looked_at:
            return None
        return WorkerStatus(
            status.id, status.queue, status.engine, status.pid, status.host, status.started_at
        )


def _grown(before: WorkerStatus, now: WorkerStatus, stage: str) -> tuple[int, ...]:
    old, new = (_counts(status, stage) for status in (before, now))
    return tuple(max(0, change) for change in map(sub, new, old))


def _counts(status: WorkerStatus, stage: str) -> tuple[int, ...]:
    histogram = status.stage_seconds.get(stage)
    fits = histogram is not None and len(histogram.counts) == len(_NO_OBSERVATIONS)
    return histogram.counts if histogram is not None and fits else _NO_OBSERVATIONS

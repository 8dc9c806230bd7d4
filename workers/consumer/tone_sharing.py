"""Queue the tone tasks that were left due, with the vectors that the engine finds on the way."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic

import numpy as np
from numpy.typing import NDArray

from shared.jobs import EarlyVector
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import DueTone, JobT
from workers.consumer.role import Role


class ToneSharing(Generic[JobT]):
    """Queue each due task once: before the engine runs, or after it with the early vector.

    The vector serves if the engine reads the message exactly as the tone encoder would: all of it,
    in one passage, with nothing rewritten. Any thread may call.
    """

    def __init__(self, role: Role[JobT, Any]) -> None:
        self._tasks = role.tone_tasks
        self._model = role.early_model

    def prepared(self, jobs: Iterable[PreparedJob[JobT]]) -> None:
        """Queue those whose tone the engine's vectors will not tell."""
        self._queue(
            [DueTone(job.job, None) for job in jobs if _is_due(job) and not self._is_shared(job)]
        )

    def ran(self, batches: Iterable[BatchResult[JobT]]) -> None:
        """Queue the others: of a batch that failed, too."""
        self._queue([tone for batch in batches for tone in self._tones(batch)])

    def _tones(self, batch: BatchResult[JobT]) -> Iterator[DueTone[JobT]]:
        for job, place in zip(batch.jobs, batch.places(), strict=True):
            if _is_due(job) and self._is_shared(job):
                early = None if batch.early is None else batch.early[place]
                yield DueTone(job.job, self._vector(job, early))

    def _vector(
        self, job: PreparedJob[JobT], early: NDArray[np.float32] | None
    ) -> EarlyVector | None:
        whole = _whole_passage(job)
        if early is None or whole is None:
            return None
        with np.errstate(over="ignore"):
            written = early[whole].astype("<f2")
        if not np.isfinite(written).all():
            return None  # the sentiment worker finds its own
        return EarlyVector(self._model, written.tobytes())

    def _is_shared(self, job: PreparedJob[JobT]) -> bool:
        return bool(self._model) and _whole_passage(job) is not None

    def _queue(self, tones: Sequence[DueTone[JobT]]) -> None:
        if self._tasks is not None and tones:
            self._tasks.queue_tones(tones)


def _is_due(job: PreparedJob[JobT]) -> bool:
    return job.claim.tone_due


def _whole_passage(job: PreparedJob[JobT]) -> int | None:
    """Return which passage is all of the message, as it was written; None if none is."""
    places = (at for at, each in enumerate(job.passages) if each.is_whole and each.ids)
    return next(places, None)

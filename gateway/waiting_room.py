"""Where requests wait for their replies: thousands at once, one lock each and no polling."""

import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from shared.jobs import JobState
from shared.outcomes import JobRecord

ENDED: frozenset[JobState] = frozenset(("done", "failed", "cancelled", "expired"))


class AwaitedReply:
    """One request's wait for one job; a context manager that leaves the room at its end."""

    __slots__ = ("_latch", "_room", "job_id", "record")

    def __init__(self, room: "WaitingRoom", job_id: str) -> None:
        self._room = room
        self._latch = threading.Lock()
        self._latch.acquire()
        self.job_id = job_id
        self.record: JobRecord | None = None

    def wait(self, seconds: float) -> JobRecord | None:
        """Return how the job ended, or None when it has not within so many seconds."""
        if self.record is None:
            self._latch.acquire(timeout=max(0.0, seconds))
        return self.record

    def settle(self, record: JobRecord) -> None:
        """Hand over how the job ended; the first word counts."""
        if self.record is None:
            self.record = record
            self._latch.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._room.leave(self)


class WaitingRoom:
    """Match records that come in with the requests that wait for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[AwaitedReply]] = {}

    def expect(self, job_id: str) -> AwaitedReply:
        """Wait for a job from now on; call before the job is published."""
        awaited = AwaitedReply(self, job_id)
        with self._lock:
            self._waiting.setdefault(job_id, []).append(awaited)
        return awaited

    def leave(self, awaited: AwaitedReply) -> None:
        """Stop waiting; harmless after the reply has come."""
        with self._lock:
            others = self._waiting.get(awaited.job_id, [])
            if awaited in others:
                others.remove(awaited)
                if not others:
                    del self._waiting[awaited.job_id]

    def deliver(self, records: Iterable[tuple[str, JobRecord]]) -> int:
        """Wake who waits for these jobs; return how many of them somebody waited for."""
        delivered = 0
        for job_id, record in records:
            if record.state not in ENDED:
                continue
            with self._lock:
                waiting = self._waiting.pop(job_id, ())
            for awaited in waiting:
                awaited.settle(record)
            delivered += bool(waiting)
        return delivered

    def job_ids(self) -> list[str]:
        """Return the jobs that somebody waits for."""
        with self._lock:
            return list(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)

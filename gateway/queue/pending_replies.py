"""Where requests wait for their replies: thousands at once, one lock each and no polling."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

from shared.errors import ClientGone, QueueUnavailable
from shared.jobs import JobState
from shared.results import JobRecord

ENDED: frozenset[JobState] = frozenset(("done", "failed", "cancelled", "expired"))


class PendingReply:
    """One request's wait for one job; a context manager that leaves the room at its end.

    One lock serves for both that can end the wait early: the job's end, and word that it could not
    be queued.
    """

    __slots__ = ("_error", "_latch", "_queued", "_record", "_room", "job_id")

    def __init__(self, room: "PendingReplies", job_id: str) -> None:
        self._room = room
        self._latch = threading.Lock()
        self._latch.acquire()
        self._record: JobRecord | None = None
        self._error: Exception | None = None
        self._queued = False
        self.job_id = job_id

    def wait(self, seconds: float) -> JobRecord | None:
        """Return how the job ended, or None when it has not within so many seconds.

        Raises what `acknowledge` was told, QueueUnavailable when it was told nothing in time, or
        ClientGone after `depart`.
        """
        self._latch.acquire(timeout=seconds)
        if self._record is not None:
            return self._record
        if self._error is not None:
            raise self._error
        if not self._queued:
            raise QueueUnavailable("Redis did not answer in time")
        return None

    def acknowledge(self, outcome: int | Exception) -> None:
        """Learn whether the job could be queued."""
        if isinstance(outcome, Exception):
            self._error = outcome
            self._wake()
        else:
            self._queued = True

    def settle(self, record: JobRecord) -> None:
        """Learn how the job ended."""
        self._record = record
        self._wake()

    def client_disconnected(self) -> None:
        """Learn that nobody wants to know any more."""
        self._error = ClientGone("the client closed the connection")
        self._wake()

    def _wake(self) -> None:
        with suppress(RuntimeError):  # awake already
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


class PendingReplies:
    """Match records that come in with the requests that wait for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[PendingReply]] = {}

    def expect(self, job_id: str) -> PendingReply:
        """Wait for a job from now on; call before the job is published."""
        awaited = PendingReply(self, job_id)
        with self._lock:
            self._waiting.setdefault(job_id, []).append(awaited)
        return awaited

    def leave(self, awaited: PendingReply) -> None:
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

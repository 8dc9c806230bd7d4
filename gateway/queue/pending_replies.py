"""Where requests wait for their replies: thousands at once, one lock each and no polling."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

from gateway.queue.publisher import EnqueueOutcome, ExistingJob
from shared.errors import ClientGone, QueueUnavailable
from shared.jobs import JobState
from shared.results import JobRecord

ENDED: frozenset[JobState] = frozenset(("done", "failed", "cancelled", "expired"))


class PendingReply:
    """One request's wait for one job; a context manager that discards itself at its end.

    One lock serves for all that can end the wait: the job's end, the queue's answer that this job
    will not run, and the client's disconnection.
    """

    __slots__ = ("_ended", "_error", "_latch", "_pending", "_queued", "job_id")

    def __init__(self, pending: "PendingReplies", job_id: str, *, queued: bool) -> None:
        self._pending = pending
        self._latch = threading.Lock()
        self._latch.acquire()
        self._ended: JobRecord | ExistingJob | None = None
        self._error: Exception | None = None
        self._queued = queued
        self.job_id = job_id

    def wait(self, seconds: float) -> JobRecord | ExistingJob | None:
        """Return how the job ended or the one that stands for it; None if the time runs out.

        Raises the error that `acknowledge` got, QueueUnavailable if it was not called in time, or
        ClientGone after `client_disconnected`.
        """
        self._latch.acquire(timeout=seconds)
        if self._ended is not None:
            return self._ended
        if self._error is not None:
            raise self._error
        if not self._queued:
            raise QueueUnavailable("Redis did not answer in time")
        return None

    def acknowledge(self, outcome: EnqueueOutcome | Exception) -> None:
        """Take the queue's answer: whether the job could be queued."""
        if isinstance(outcome, Exception):
            self._error = outcome
            self._wake()
        elif isinstance(outcome, ExistingJob):
            self.resolve(outcome)
        else:
            self._queued = True

    def resolve(self, ended: JobRecord | ExistingJob) -> None:
        """Take the end of the job."""
        self._ended = ended
        self._wake()

    def client_disconnected(self) -> None:
        """End the wait: the client reads no reply."""
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
        self._pending.discard(self)


class PendingReplies:
    """Match records that come in with the requests that wait for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[PendingReply]] = {}

    def register(self, job_id: str, *, queued: bool = False) -> PendingReply:
        """Wait for a job from now on; call before it is published, or say that it is `queued`."""
        reply = PendingReply(self, job_id, queued=queued)
        with self._lock:
            self._waiting.setdefault(job_id, []).append(reply)
        return reply

    def discard(self, reply: PendingReply) -> None:
        """Stop waiting; harmless after the reply has come."""
        with self._lock:
            others = self._waiting.get(reply.job_id, [])
            if reply in others:
                others.remove(reply)
                if not others:
                    del self._waiting[reply.job_id]

    def deliver(self, records: Iterable[tuple[str, JobRecord]]) -> int:
        """Wake the requests that wait for these jobs; return how many jobs had one."""
        delivered = 0
        for job_id, record in records:
            if record.state not in ENDED:
                continue
            with self._lock:
                waiting = self._waiting.pop(job_id, ())
            for reply in waiting:
                reply.resolve(record)
            delivered += bool(waiting)
        return delivered

    def job_ids(self) -> list[str]:
        """Return the jobs that requests wait for."""
        with self._lock:
            return list(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)

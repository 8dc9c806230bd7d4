"""Step 3: choose which of the waiting jobs make the next batch: the oldest, as many as fit.

First come, first served, whatever the lengths: engines lay messages end to end
(workers/engines/packing.py), so mixing lengths costs no padding and no message is passed over.
"""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic

from workers.consumer.jobs import PreparedJob
from workers.consumer.lease_queue import JobT


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """The most that one batch holds; a single message always goes, however long."""

    messages: int
    tokens: int

    def fitting(self, lengths: Iterable[int]) -> int:
        """Return how many of the jobs with these token counts, oldest first, make a batch."""
        count, tokens = 0, 0
        for length in lengths:
            tokens += length
            if count and (count == self.messages or tokens > self.tokens):
                break
            count += 1
        return count


class BatchBuffer(Generic[JobT]):
    """Jobs that wait for the engine; stays open to later arrivals until the engine takes."""

    def __init__(self, limits: BatchLimits, capacity: int) -> None:
        self._limits = limits
        self._capacity = capacity
        self._jobs: deque[PreparedJob[JobT]] = deque()
        self._closed = False
        self._changed = threading.Condition()

    def put(self, jobs: Sequence[PreparedJob[JobT]]) -> None:
        """Add jobs in order of arrival."""
        with self._changed:
            self._jobs.extend(jobs)
            self._changed.notify_all()

    def wait_until_taken(self, timeout_seconds: float) -> None:
        """Return once the engine has taken what waits here, or after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._jobs, timeout_seconds)

    def wait_for_room(self, timeout_seconds: float) -> int:
        """Return how many jobs may come in, after waiting for at least one place."""
        with self._changed:
            self._changed.wait_for(self._has_room, timeout_seconds)
            return max(0, self._capacity - len(self._jobs))

    def take(self) -> list[PreparedJob[JobT]]:
        """Return the next batch as soon as there is any job; empty once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            count = self._limits.fitting(job.tokens for job in self._jobs)
            batch = [self._jobs.popleft() for _ in range(count)]
            self._changed.notify_all()
            return batch

    def close(self) -> None:
        """Let no job wait any longer; the leases of those that no batch has taken go back."""
        with self._changed:
            self._closed = True
            self._jobs.clear()
            self._changed.notify_all()

    def waiting(self) -> list[str]:
        """Return the task ids of the jobs that no batch has taken yet."""
        with self._changed:
            return [prepared.job.task_id for prepared in self._jobs]

    def __len__(self) -> int:
        return len(self._jobs)

    def _has_room(self) -> bool:
        return self._closed or len(self._jobs) < self._capacity

"""Step 3: choose which of the waiting works make the next batch: the oldest, as many as fit.

First come, first served, whatever the lengths: engines lay messages end to end
(workers/engines/packing.py), so mixing lengths costs no padding and nobody is passed over.
"""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic

from workers.consumer.jobs import Job, PreparedJob


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """The most that one batch holds; a single message always goes, however long."""

    messages: int
    tokens: int

    def fitting(self, lengths: Iterable[int]) -> int:
        """Return how many of the works with these token counts, oldest first, make a batch."""
        count, tokens = 0, 0
        for length in lengths:
            tokens += length
            if count and (count == self.messages or tokens > self.tokens):
                break
            count += 1
        return count


class Pool(Generic[Job]):
    """Works that wait for the engine; stays open to later arrivals until the engine takes."""

    def __init__(self, limits: BatchLimits, capacity: int) -> None:
        self._limits = limits
        self._capacity = capacity
        self._works: deque[PreparedJob[Job]] = deque()
        self._closed = False
        self._changed = threading.Condition()

    def put(self, works: Sequence[PreparedJob[Job]]) -> None:
        """Add works in order of arrival."""
        with self._changed:
            self._works.extend(works)
            self._changed.notify_all()

    def wait_until_taken(self, timeout_seconds: float) -> None:
        """Return once the engine has taken what waits here, or after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._works, timeout_seconds)

    def wait_for_room(self, timeout_seconds: float) -> int:
        """Return how many works may come in, after waiting for at least one place."""
        with self._changed:
            self._changed.wait_for(self._has_room, timeout_seconds)
            return max(0, self._capacity - len(self._works))

    def take(self) -> list[PreparedJob[Job]]:
        """Return the next batch as soon as there is any work; empty once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._works or self._closed)
            count = self._limits.fitting(len(work.ids) for work in self._works)
            batch = [self._works.popleft() for _ in range(count)]
            self._changed.notify_all()
            return batch

    def close(self) -> list[PreparedJob[Job]]:
        """Let no work wait any longer; return those that no batch has taken."""
        with self._changed:
            self._closed = True
            left = list(self._works)
            self._works.clear()
            self._changed.notify_all()
            return left

    def __len__(self) -> int:
        return len(self._works)

    def _has_room(self) -> bool:
        return self._closed or len(self._works) < self._capacity

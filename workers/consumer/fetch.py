"""Step 1: lease messages while there is room for them; wait where the queue is empty."""

from collections.abc import Callable
from typing import Protocol

from workers.consumer.lease_queue import Lease, LeaseQueue
from workers.consumer.linger import Linger

WAIT_SECONDS = 0.5
REFILL_SECONDS = 0.010  # an engine that takes longer than was expected is leased for again


class Room(Protocol):
    """Tells how many more messages this worker can hold."""

    def wait_until_taken(self, timeout_seconds: float) -> None:
        """Return once nothing waits for the engine, or after the timeout."""

    def wait_for_room(self, timeout_seconds: float) -> int:
        """Return the free places, after waiting for at least one."""

    def __len__(self) -> int:
        """Return how many works wait already."""


class Fetcher:
    """Take what waits when it is time, as much as there is room for."""

    def __init__(self, queue: LeaseQueue, room: Room, pace: Linger) -> None:
        self._queue = queue
        self._room = room
        self._pace = pace
        self._likely_empty = True

    def lease(self, stopping: Callable[[], bool]) -> list[Lease]:
        """Return leased messages, oldest first; none after a while without any."""
        self._room.wait_until_taken(REFILL_SECONDS)
        room = self._room.wait_for_room(WAIT_SECONDS)
        if not room or stopping():
            return []
        if not self._likely_empty:
            self._pace.rest()
            leases = self._queue.lease(room)
            if leases or stopping():
                return leases
        self._queue.wait(WAIT_SECONDS)
        self._pace.rest()
        leases = self._queue.lease(room)
        self._likely_empty = len(leases) <= 1
        return leases

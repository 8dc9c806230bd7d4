"""Step 1: lease messages as long as there is room for them; wait while the queue is empty."""

import logging
from collections.abc import Callable
from typing import Generic

from workers.consumer.batching import BatchBuffer
from workers.consumer.lease_queue import JobT, Lease, LeaseQueue, ResultT
from workers.consumer.linger import Linger

WAIT_SECONDS = 0.5
REFILL_SECONDS = 0.010  # if the engine takes longer than expected, the next batch is leased anyway
_log = logging.getLogger(__name__)


class Fetcher(Generic[JobT, ResultT]):
    """Take what waits when it is time, as much as there is room for."""

    def __init__(
        self,
        queue: LeaseQueue[JobT, ResultT],
        buffer: BatchBuffer[JobT],
        linger: Linger,
    ) -> None:
        self._queue = queue
        self._buffer = buffer
        self._linger = linger
        self._likely_empty = True
        self._filled = False

    @property
    def likely_more(self) -> bool:
        """Return whether the last lease was as long as it could be: more may wait on the queue."""
        return self._filled

    def fetch(self, stopping: Callable[[], bool]) -> list[Lease]:
        """Return leased messages, oldest first; none after a while without any."""
        self._buffer.wait_until_taken(REFILL_SECONDS)
        room = self._buffer.wait_for_room(WAIT_SECONDS)
        if not room or stopping():
            return []
        if not self._likely_empty:
            self._linger.wait()
            leases = self._lease(room)
            if leases or stopping():
                return leases
        self._queue.wait(WAIT_SECONDS)
        self._linger.wait()
        leases = self._lease(room)
        self._likely_empty = len(leases) <= 1
        return leases

    def _lease(self, room: int) -> list[Lease]:
        leases = self._queue.lease(room)
        self._filled = len(leases) == room
        return leases

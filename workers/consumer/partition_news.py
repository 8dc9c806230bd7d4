"""Which partitions may hold messages for a worker.

A push onto an empty list is announced; all partitions are looked at now and then besides, since an
announcement may be lost, and since Celery clients announce nothing.
"""

import threading
from collections.abc import Sequence

from shared import keys
from shared.clock import Clock
from shared.partitions import Partitions
from shared.subscription import Subscription

SWEEP_SECONDS = 0.5
STOCK_SECONDS = 0.1
REST_SECONDS = 0.1  # after a failed call: other calls find out no sooner


class PartitionNews:
    """Tell which partitions are worth a lease. Thread-safe."""

    def __init__(self, prefixes: Sequence[str], clock: Clock) -> None:
        self._index_of = {prefix.encode(): index for index, prefix in enumerate(prefixes)}
        self._clock = clock
        self._lock = threading.Lock()
        self._heard = threading.Event()
        self._count = len(prefixes)
        self._worth = set(range(self._count))
        self._next = 0
        self._swept_at = self._stock_at = clock.monotonic()
        self._rest_until = [float("-inf")] * self._count

    def hear(self, prefix: bytes) -> None:
        """Take an announcement."""
        index = self._index_of.get(prefix)
        if index is not None:
            self.add((index,))

    def hear_all(self) -> None:
        """Look at all: announcements may have been missed."""
        self.add(range(self._count))

    def add(self, indexes: Sequence[int]) -> None:
        """Look at these."""
        with self._lock:
            self._worth.update(indexes)
        self._heard.set()

    def wait(self, timeout_seconds: float) -> None:
        """Return when a partition is worth a look, at the latest after the timeout."""
        self._sweep()
        with self._lock:
            if self._worth:
                return
            self._heard.clear()
        self._heard.wait(min(timeout_seconds, STOCK_SECONDS))
        self._sweep()

    def in_turn(self) -> list[int]:
        """Return those that are worth a look, beginning with another one each time."""
        self._sweep()
        now = self._clock.monotonic()
        with self._lock:
            start, self._next = self._next, (self._next + 1) % self._count
            order = [(start + step) % self._count for step in range(self._count)]
            return [n for n in order if n in self._worth and self._rest_until[n] <= now]

    def looked_at(self, index: int) -> None:
        """Take note that a partition is being looked at: it is worth no other look for now."""
        with self._lock:
            self._worth.discard(index)

    def rest(self, index: int) -> None:
        """Leave a partition alone for a moment: it cannot be reached."""
        self._rest_until[index] = self._clock.monotonic() + REST_SECONDS

    def is_resting(self, index: int) -> bool:
        """Return whether a partition could not be reached a moment ago."""
        return self._rest_until[index] > self._clock.monotonic()

    def _sweep(self) -> None:
        now = self._clock.monotonic()
        if now - self._swept_at >= SWEEP_SECONDS:
            self._swept_at = now
            self.hear_all()
        if now - self._stock_at >= STOCK_SECONDS:
            self._stock_at = now
            self.add((self._count - 1,))


def listen_for_work(partitions: Partitions, queue: str, news: PartitionNews) -> Subscription:
    """Pass what is announced of a queue on, from a thread of its own that has been started."""
    subscription = Subscription(
        partitions.home,
        keys.wakes(queue),
        lambda payload: news.hear(payload),
        name=f"news of {queue}",
        on_subscribed=news.hear_all,
    )
    subscription.start()
    return subscription

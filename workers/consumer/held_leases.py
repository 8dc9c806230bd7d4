"""What a worker holds in all partitions, by the tokens of `partition_routing`."""

import threading
from collections.abc import Iterable, Sequence
from itertools import count

from workers.consumer.lease_queue import Lease
from workers.consumer.partition_routing import base_of, mark, partition_of, token_in_redis


class HeldLeases:
    """Know which leases are held, each as Redis gave it last. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[bytes, bytes] = {}  # by what `base_of` returns
        self._serial = count()
        self._strange: set[bytes] = set()

    def hold(self, partition: int, leases: Iterable[Lease]) -> list[Lease]:
        """Return leases of a partition with their tokens; they are held from now on."""
        with self._lock:
            marked = [mark(each, partition, next(self._serial)) for each in leases]
            self._held.update((base_of(each.token), each.token) for each in marked)
        return marked

    def holds(self, token: bytes) -> bool:
        """Return whether a lease is held, and Redis has not given its token again since."""
        with self._lock:
            return self._held.get(base_of(token)) == token

    def holds_outside(self, partition: int) -> bool:
        """Return whether any is held in another partition."""
        with self._lock:
            return any(partition_of(token) != partition for token in self._held)

    def forget(self, token: bytes) -> None:
        """Hold a lease no longer."""
        with self._lock:
            if self._held.get(base_of(token)) == token:
                del self._held[base_of(token)]

    def strange(self, partition: int, in_redis: Iterable[bytes]) -> Sequence[bytes]:
        """Return those of Redis's tokens that are not held here, for two calls in a row.

        So it is after a fail-over that lost the end of a job. One call is not enough: a lease may
        be on its way here.
        """
        leased = {b"%d/%s" % (partition, token) for token in in_redis}
        with self._lock:
            unknown = leased - self._held.keys()
            found = unknown & self._strange
            others = {base for base in self._strange if partition_of(base) != partition}
            self._strange = others | (unknown - found)
        return [token_in_redis(base) for base in found]

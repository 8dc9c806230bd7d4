"""What operators see, and rate limits, over all partitions."""

from collections import Counter
from collections.abc import Mapping, Sequence

from gateway.health import Health
from gateway.queue.rate_limiter import Charge, RateLimiter
from gateway.queue.traffic import Traffic
from gateway.storage import Storage
from shared import tenants
from shared.connection import queue_errors
from shared.partitions import Partitions
from shared.worker_status import WorkerStatus


class PartitionedHealth:
    """Observe all partitions; every worker reports to each."""

    def __init__(self, partitions: Partitions, parts: Sequence[Health]) -> None:
        self._partitions = partitions
        self._parts = parts

    def workers(self) -> Sequence[WorkerStatus]:
        """Return the heartbeats; raise QueueUnavailable if any partition is."""
        with queue_errors():
            for client in self._partitions.clients[1:]:
                client.ping()
        return self._parts[0].workers()

    def backlogs(self) -> Mapping[str, Mapping[str, int]]:
        """Return the lengths of the flows, those of all partitions together."""
        sums: dict[str, Counter[str]] = {}
        for part in self._parts:
            for queue, lengths in part.backlogs().items():
                sums.setdefault(queue, Counter()).update(lengths)
        return sums

    def oldest_seconds(self) -> Mapping[str, float]:
        """Return how long the oldest message of each queue has waited in any partition."""
        ages = [part.oldest_seconds() for part in self._parts]
        return {queue: max(age[queue] for age in ages) for queue in ages[0]}

    def storage(self) -> Storage:
        """Add up what lies beside the queues; the memory is that of the fullest node."""
        parts = [part.storage() for part in self._parts]
        quarantined: Counter[str] = Counter()
        for part in parts:
            quarantined.update(part.quarantined)
        fullest = max(parts, key=_fullness)
        return Storage(
            sum(part.dead_letters for part in parts),
            sum(part.parked for part in parts),
            sum(part.scheduled for part in parts),
            {queue: quarantined[queue] for queue in parts[0].quarantined},
            fullest.memory_bytes,
            fullest.memory_limit_bytes,
        )

    def foreign_lists(self) -> Mapping[str, int]:
        """Look through the partition of Celery clients."""
        return self._parts[-1].foreign_lists()


def _fullness(storage: Storage) -> tuple[float, int]:
    used, limit = storage.memory_bytes or 0, storage.memory_limit_bytes
    return (used / limit if limit else 0.0, used)


class PartitionedTraffic:
    """Add up what was counted in each partition."""

    def __init__(self, parts: Sequence[Traffic]) -> None:
        self._parts = parts

    def tenants(self) -> Sequence[str]:
        """Return the tenants for which anything was counted, the default one first."""
        found = {name for part in self._parts for name in part.tenants()}
        return [tenants.DEFAULT_TENANT, *sorted(found - {tenants.DEFAULT_TENANT})]

    def today(self, of_tenants: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Return each tenant's fields of today (UTC)."""
        sums: dict[str, Counter[str]] = {tenant: Counter() for tenant in of_tenants}
        for part in self._parts:
            for tenant, fields in part.today(of_tenants).items():
                sums[tenant].update(fields)
        return sums

    def of_day(self, day: str, of_tenants: Sequence[str]) -> Mapping[str, Mapping[bytes, bytes]]:
        """Return the same of any day, as Redis would have it."""
        sums: dict[str, Counter[bytes]] = {tenant: Counter() for tenant in of_tenants}
        for part in self._parts:
            for tenant, fields in part.of_day(day, of_tenants).items():
                sums[tenant].update({field: int(amount) for field, amount in fields.items()})
        return {
            tenant: {field: b"%d" % amount for field, amount in fields.items()}
            for tenant, fields in sums.items()
        }


class PartitionedRateLimiter:
    """Keep each bucket in the partition that its own name's hash names.

    Two buckets of a request may lie apart: if the second is empty, the first has lost its token.
    """

    def __init__(self, partitions: Partitions, parts: Sequence[RateLimiter]) -> None:
        self._partitions = partitions
        self._parts = parts

    def take(self, charge: Charge) -> None:
        """Take a token from each bucket; raise RateLimited if one is empty."""
        single = [Charge((bucket,)) for bucket in charge.buckets]
        try:
            for part in single:
                name = part.buckets[0].arguments[0]
                self._parts[self._partitions.index_of(name)].take(part)
        finally:
            charge.states = [state for part in single for state in part.states]

"""Gaps as Redis has them: what was kept, what editors have settled, and the groups made of them."""

from typing import Protocol, cast

import msgspec
import redis

from shared import keys, tenants
from shared.connection import queue_errors
from shared.gap_groups import GapGroups
from shared.known_tenants import known_tenants
from shared.partitions import Partitions
from workers.gap_groups import unsettled
from workers.gaps import Gap, decode_gap

_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(GapGroups)


class GapStore(Protocol):
    """What a worker needs to group gaps; all methods raise QueueUnavailable."""

    def wanted(self) -> str | None:
        """Return a tenant whose gaps somebody wants to see grouped; no other worker gets it."""

    def source(self, tenant: str) -> str:
        """Return what changes with the gaps that are left."""

    def read(self, tenant: str) -> list[Gap]:
        """Return the gaps that are left, the oldest conversations first."""

    def groups(self, tenant: str) -> GapGroups | None:
        """Return the groups that were made last."""

    def put(self, tenant: str, groups: GapGroups) -> None:
        """Keep groups in place of those."""


class RedisGapStore:
    """Reads what completions and editors write."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def wanted(self) -> str | None:
        """Take one tenant off the set."""
        with queue_errors():
            found = cast("bytes | None", self._client.spop(keys.GAP_GROUPS_WANTED))
        return None if found is None else found.decode()

    def source(self, tenant: str) -> str:
        """Name numbers and latest times of gaps and of settled wordings."""
        with queue_errors(), self._client.pipeline(transaction=False) as pipeline:
            for key in (keys.gaps(tenant), keys.settled_gaps(tenant)):
                pipeline.zcard(key)
                pipeline.zrange(key, -1, -1, withscores=True)
            gaps, last_gap, settled, last_settled = pipeline.execute()
        return msgspec.json.encode(
            (
                gaps,
                *(score for _, score in last_gap),
                settled,
                *(score for _, score in last_settled),
            )
        ).decode()

    def read(self, tenant: str) -> list[Gap]:
        """Read them all."""
        return open_gaps(self._client, tenant)

    def groups(self, tenant: str) -> GapGroups | None:
        """Read the record."""
        with queue_errors():
            found = cast("bytes | None", self._client.get(keys.gap_groups(tenant)))
        return None if found is None else _decoder.decode(found)

    def put(self, tenant: str, groups: GapGroups) -> None:
        """Write the record for a day."""
        with queue_errors():
            self._client.set(
                keys.gap_groups(tenant), _encode(groups), ex=keys.GAP_GROUPS_TTL_SECONDS
            )


class PartitionedGapStore:
    """Reads the gaps of all partitions; what editors settle lies in the first."""

    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions
        self._parts = partitions.each(RedisGapStore)

    def wanted(self) -> str | None:
        """Take one tenant off the set."""
        return self._parts[0].wanted()

    def source(self, tenant: str) -> str:
        """Name what changes in any partition."""
        return "\n".join(part.source(tenant) for part in self._parts)

    def read(self, tenant: str) -> list[Gap]:
        """Read them all."""
        return _open_gaps(self._partitions, tenant)

    def groups(self, tenant: str) -> GapGroups | None:
        """Read the record."""
        return self._parts[0].groups(tenant)

    def put(self, tenant: str, groups: GapGroups) -> None:
        """Write the record for a day."""
        self._parts[0].put(tenant, groups)


def gap_store(partitions: Partitions) -> GapStore:
    """Return the store, over all partitions if there are several."""
    return RedisGapStore(partitions.home) if partitions.is_one else PartitionedGapStore(partitions)


def open_gaps_of_all(partitions: Partitions, tenant: str | None) -> list[Gap]:
    """Return what `open_gaps` does, of a tenant or of all that have any, in all partitions."""
    with queue_errors():
        known = {name for client in partitions.clients for name in known_tenants(client)}
    names = sorted(known) if tenant is None else [tenant]
    return [gap for name in names for gap in _open_gaps(partitions, name)]


def _open_gaps(partitions: Partitions, tenant: str) -> list[Gap]:
    with queue_errors():
        found = cast("list[bytes]", partitions.home.zrange(keys.settled_gaps(tenant), 0, -1))
    kept = [gap for client in partitions.clients for gap in read_gaps(client, tenant)]
    return unsettled(kept, {digest.decode() for digest in found})


def open_gaps(client: "redis.Redis", tenant: str) -> list[Gap]:
    """Return a tenant's gaps but those that an editor has accepted or dismissed."""
    with queue_errors():
        found = cast("list[bytes]", client.zrange(keys.settled_gaps(tenant), 0, -1))
    return unsettled(read_gaps(client, tenant), {digest.decode() for digest in found})


def read_gaps(client: "redis.Redis", tenant: str = tenants.DEFAULT_TENANT) -> list[Gap]:
    """Return a tenant's messages that got no answer, the oldest conversations first."""
    with queue_errors():
        names = cast("list[bytes]", client.zrange(keys.gaps(tenant), 0, -1))
        with client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.lrange(keys.gaps_of(name.decode()), 0, -1)
            found = pipeline.execute()
    return [decode_gap(record) for records in found for record in records]

"""Messages without an answer, as a worker has grouped them: the interface, and its adapter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import msgspec
import redis

from shared import keys
from shared.connection import queue_errors
from shared.gap_groups import GapGroup, GapGroups

_WANTED_SECONDS = 30
_decoder = msgspec.json.Decoder(GapGroups)


@dataclass(frozen=True, slots=True)
class KnownGaps:
    """Groups that are left, and when they were made (Unix seconds); None: never yet.

    `kept` is how many conversations have gaps.
    """

    at: float | None
    kept: int
    groups: Sequence[GapGroup] = ()


class Gaps(Protocol):
    """Show a tenant's gaps; both methods raise QueueUnavailable."""

    def look(self, tenant: str) -> KnownGaps:
        """Return the groups that are known, and ask a worker to look for news."""

    def find(self, tenant: str, group_id: str) -> GapGroup | None:
        """Return one group."""


class RedisGaps:
    """Read what a worker has written; ask by a set from which workers take tenants."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def look(self, tenant: str) -> KnownGaps:
        """Read, leave out what was settled since, and ask for the next groups."""
        with queue_errors(), self._client.pipeline(transaction=False) as step:
            step.get(keys.gap_groups(tenant))
            step.zcard(keys.gaps(tenant))
            step.zrange(keys.settled_gaps(tenant), 0, -1)
            step.sadd(keys.GAP_GROUPS_WANTED, tenant)
            step.expire(keys.GAP_GROUPS_WANTED, _WANTED_SECONDS)
            stored, kept, settled, *_ = step.execute()
        if stored is None:
            return KnownGaps(None, kept)
        found = _decoder.decode(stored)
        return KnownGaps(found.at, kept, _left(found.groups, {each.decode() for each in settled}))

    def find(self, tenant: str, group_id: str) -> GapGroup | None:
        """Look among the groups that are known."""
        with queue_errors():
            stored = cast("bytes | None", self._client.get(keys.gap_groups(tenant)))
        groups = _decoder.decode(stored).groups if stored else ()
        return next((each for each in groups if each.id == group_id), None)


def _left(groups: Sequence[GapGroup], settled: set[str]) -> list[GapGroup]:
    """Return the groups with a wording that is not settled."""
    return [each for each in groups if not set(each.gaps) <= settled]

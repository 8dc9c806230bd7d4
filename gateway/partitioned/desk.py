"""What the desk shows, over all partitions."""

from collections.abc import Sequence
from dataclasses import replace

from gateway.queue.gaps import Gaps, KnownGaps
from gateway.queue.ratings import Rating, RatingFilter, Ratings
from gateway.queue.stories import Stories
from gateway.queue.story import FoundConversation, Story
from shared import keys, tenants
from shared.connection import queue_errors
from shared.gap_groups import GapGroup
from shared.partitions import Partitions


class PartitionedRatings:
    """Merge the newest of each partition."""

    def __init__(self, parts: Sequence[Ratings]) -> None:
        self._parts = parts

    def latest(self, tenant: str, wanted: RatingFilter, limit: int) -> Sequence[Rating]:
        """Return a tenant's newest ratings, the newest first."""
        found = [each for part in self._parts for each in part.latest(tenant, wanted, limit)]
        return sorted(found, key=lambda rating: -rating.at)[:limit]


class PartitionedStories:
    """Tell where the hash of the id points, or of what a Celery client's partition knows of it."""

    def __init__(self, partitions: Partitions, parts: Sequence[Stories]) -> None:
        self._partitions = partitions
        self._parts = parts

    def tell(self, conversation_id: str) -> Story:
        """Return all that is kept of a conversation."""
        own = self._parts[self._partitions.index_of(conversation_id)].tell(conversation_id)
        return own if own.turns or own.jobs else self._parts[-1].tell(conversation_id)

    def find(self, tenant: str, wanted: str) -> Sequence[FoundConversation]:
        """Ask each partition: a user's conversations lie in all of them."""
        first = self._partitions.index_of(tenants.scope(tenant, wanted))
        order = [first, *(place for place in range(len(self._parts)) if place != first)]
        found = [each for place in order for each in self._parts[place].find(tenant, wanted)]
        return list(dict.fromkeys(found))


class PartitionedGaps:
    """Groups lie in the first partition, gaps with their conversations."""

    def __init__(self, partitions: Partitions, home: Gaps) -> None:
        self._partitions = partitions
        self._home = home

    def look(self, tenant: str) -> KnownGaps:
        """Return the groups that are known, and ask a worker to look for news."""
        with queue_errors():
            kept = sum(client.zcard(keys.gaps(tenant)) for client in self._partitions.clients)
        return replace(self._home.look(tenant), kept=kept)

    def find(self, tenant: str, group_id: str) -> GapGroup | None:
        """Return one group."""
        return self._home.find(tenant, group_id)

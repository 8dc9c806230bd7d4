"""Memory in Redis: one list an owner, read whole when a person asks for it.

An exact scan, not a vector set: a memory is capped at some hundred records, which one read and one
product answer in about two milliseconds, and asking is rare; a vector set would pay for its graph
with every message (docs/experiments/memory.md).
"""

from collections.abc import Sequence
from typing import cast

import redis

from shared import keys
from shared.connection import queue_errors
from shared.partitions import Partitions
from workers.memory.memory import MemoryRecord, read_records


class RedisMemory:
    """Read the lists that `complete.lua` appends to."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def records(self, owner: str) -> Sequence[MemoryRecord]:
        """Return the records of an owner, oldest first."""
        with queue_errors():
            return read_records(cast("list[bytes]", self._client.lrange(keys.memory(owner), 0, -1)))


class PartitionedMemory:
    """Read what a user has written in the conversations of all partitions."""

    def __init__(self, partitions: Partitions, max_records: int) -> None:
        self._parts = partitions.each(RedisMemory)
        self._max_records = max_records

    def records(self, owner: str) -> Sequence[MemoryRecord]:
        """Return the records of an owner, oldest first, as many as a memory holds."""
        found = [record for part in self._parts for record in part.records(owner)]
        found.sort(key=lambda record: record.at)
        return found[-self._max_records :] if self._max_records else []

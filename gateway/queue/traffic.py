"""Reads what workers have counted: the interface, and its adapter to Redis."""

from collections.abc import Mapping
from typing import Protocol, cast

import redis

from shared import keys
from shared.clock import Clock
from shared.connection import queue_errors
from shared.counts import day_of


class Traffic(Protocol):
    """Return what was counted; raises QueueUnavailable."""

    def today(self) -> Mapping[str, int]:
        """Return the fields of today (UTC), as shared/counts.py names them."""


class RedisTraffic:
    """Read the hash of the day."""

    def __init__(self, client: "redis.Redis", clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def today(self) -> Mapping[str, int]:
        """Read it whole; it has some hundred fields."""
        with queue_errors():
            found = self._client.hgetall(keys.counts(day_of(self._clock.now())))
        fields = cast("Mapping[bytes, bytes]", found)
        return {field.decode(): int(amount) for field, amount in fields.items()}

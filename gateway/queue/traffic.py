"""Reads what workers have counted: the interface, and its adapter to Redis."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import redis

from shared import keys
from shared.clock import Clock
from shared.connection import queue_errors
from shared.counts import day_of
from shared.known_tenants import known_tenants

_TENANTS_TOGETHER = 5  # so that no other client of Redis waits for long


class Traffic(Protocol):
    """Return what was counted; all methods raise QueueUnavailable."""

    def tenants(self) -> Sequence[str]:
        """Return the tenants for which anything was counted, the default one first."""

    def today(self, of_tenants: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Return each tenant's fields of today (UTC), as shared/counts.py names them."""

    def of_day(self, day: str, of_tenants: Sequence[str]) -> Mapping[str, Mapping[bytes, bytes]]:
        """Return the same of any day, as Redis has it."""


class RedisTraffic:
    """Read the hashes of the day."""

    def __init__(self, client: "redis.Redis", clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def tenants(self) -> Sequence[str]:
        """Read the set of the others."""
        with queue_errors():
            return known_tenants(self._client)

    def today(self, of_tenants: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Read them whole; each has some hundred fields."""
        found = self.of_day(day_of(self._clock.now()), of_tenants)
        return {
            tenant: {field.decode(): int(amount) for field, amount in fields.items()}
            for tenant, fields in found.items()
        }

    def of_day(self, day: str, of_tenants: Sequence[str]) -> Mapping[str, Mapping[bytes, bytes]]:
        """Read them in one round trip, of many tenants in some."""
        found: dict[str, Mapping[bytes, bytes]] = {}
        for first in range(0, len(of_tenants), _TENANTS_TOGETHER):
            together = of_tenants[first : first + _TENANTS_TOGETHER]
            with queue_errors(), self._client.pipeline(transaction=False) as pipeline:
                for tenant in together:
                    pipeline.hgetall(keys.counts(day, tenant))
                found.update(zip(together, pipeline.execute(), strict=True))
        return found

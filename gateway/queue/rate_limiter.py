"""Takes a request's tokens from its buckets: the interface, and its adapter to Redis."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import redis

from shared.connection import queue_errors
from shared.errors import RateLimited
from shared.rate_limits import RateLimit
from shared.scripts import register_script


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket of a key or an address; `kind` says which, as clients are told."""

    kind: str
    owner: str
    limit: RateLimit

    @property
    def arguments(self) -> tuple[str, int, int]:
        """Return what scripts take: its name, microseconds for a token, how many it holds."""
        return f"{self.kind}:{self.owner}", self.limit.interval_us, self.limit.burst


@dataclass(frozen=True, slots=True)
class BucketState:
    """What is left in a bucket, and when it is full again."""

    bucket: Bucket
    tokens: int
    full_in_seconds: float


class Charge:
    """The tokens that a request costs; whoever takes them says what is left.

    `is_taken` from when somebody undertakes to take them.
    """

    def __init__(self, buckets: Sequence[Bucket]) -> None:
        self.buckets = buckets
        self.is_taken = False
        self.states: Sequence[BucketState] = ()

    def record(self, left: Sequence[tuple[int, int]]) -> None:
        """Take the tokens left in each bucket, -1 if not known, and its milliseconds until full."""
        self.states = [
            BucketState(bucket, tokens, milliseconds / 1000)
            for bucket, (tokens, milliseconds) in zip(self.buckets, left, strict=True)
            if tokens >= 0
        ]


class RateLimiter(Protocol):
    """Take tokens."""

    def take(self, charge: Charge) -> None:
        """Take a token from each bucket; raise RateLimited if one is empty, or QueueUnavailable."""


class RedisRateLimiter:
    """Take tokens by a call of its own."""

    def __init__(self, client: "redis.Redis") -> None:
        self._script = register_script(client, "charge.lua")

    def take(self, charge: Charge) -> None:
        """Take them all in one step, or none."""
        with queue_errors():
            wait_ms, *left = self._script(keys=(), args=list(_arguments(charge.buckets)))
        charge.record(list(zip(left[::2], left[1::2], strict=True)))
        if wait_ms:
            raise rate_limited(wait_ms)


def rate_limited(wait_ms: int) -> RateLimited:
    """Return the refusal of a request that must wait for a token."""
    return RateLimited("too many requests", wait_ms / 1000)


def _arguments(buckets: Sequence[Bucket]) -> Iterator[str | int]:
    yield len(buckets)
    for bucket in buckets:
        yield from bucket.arguments

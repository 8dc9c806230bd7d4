"""Connections to Redis, and what may go wrong with them."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from shared.errors import QueueUnavailable
from shared.redis_address import SentinelAddress, is_sentinel, read_sentinel_address

REDIS_ERRORS = (redis.RedisError, OSError)
_MIN_PAUSE_SECONDS = 0.05


def connect(url: str, *, timeout_seconds: float = 2.0, retries: int = 1) -> "redis.Redis":
    """Return a client that answers bytes; nothing is sent until the first command.

    `timeout_seconds` bounds connecting and each reply. Retries are few and jittered.
    """
    options: dict[str, Any] = {
        "decode_responses": False,
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "health_check_interval": 0,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), retries),
    }
    if is_sentinel(url):
        return _connect_by_sentinel(read_sentinel_address(url), options)
    return redis.Redis.from_url(url, **options)


def _connect_by_sentinel(address: SentinelAddress, options: dict[str, Any]) -> "redis.Redis":
    """Return a client that asks for the master with every new connection."""
    entry = {**options, "password": address.sentinel_password}
    sentinel = cast("Any", Sentinel)(list(address.sentinels), sentinel_kwargs=entry)
    client: redis.Redis = sentinel.master_for(
        address.service,
        db=address.database,
        username=address.username,
        password=address.password,
        **options,
    )
    return client


def backoff_seconds(failures: int, longest_seconds: float) -> float:
    """Return how long to wait after a number of failures in a row: doubling, bounded, jittered."""
    bound = min(longest_seconds, _MIN_PAUSE_SECONDS * 2.0 ** min(failures - 1, 20))
    return random.uniform(bound / 2, bound)  # noqa: S311 - spreads reconnections, no secret


@contextmanager
def queue_errors() -> Iterator[None]:
    """Turn Redis's errors into QueueUnavailable."""
    try:
        yield
    except REDIS_ERRORS as error:
        raise QueueUnavailable(f"Redis: {error}") from error

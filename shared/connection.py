"""Connections to Redis and the Lua scripts that run there."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry

from shared.errors import QueueUnavailable

REDIS_ERRORS = (redis.RedisError, OSError)


def connect(url: str, *, timeout_seconds: float = 2.0, retries: int = 1) -> "redis.Redis":
    """Return a client that answers bytes; nothing is sent until the first command.

    `timeout_seconds` bounds connecting and each reply. Retries are few and jittered.
    """
    return redis.Redis.from_url(
        url,
        decode_responses=False,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        health_check_interval=0,
        retry=Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), retries),
    )


@contextmanager
def queue_errors() -> Iterator[None]:
    """Turn Redis's errors into QueueUnavailable."""
    try:
        yield
    except REDIS_ERRORS as error:
        raise QueueUnavailable(f"Redis: {error}") from error


def read_lane_script(package: str, name: str) -> str:
    """Return a Lua script after the steps on lanes that it builds on."""
    return read_script("shared.lua", "lanes.lua") + read_script(package, name)


def read_script(package: str, name: str) -> str:
    """Return the text of a Lua script that ships in a package."""
    return resources.files(package).joinpath(name).read_text("utf-8")

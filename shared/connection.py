"""Connections to Redis and the Lua scripts that run there."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import takewhile
from typing import Any, cast

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from shared.errors import QueueUnavailable, ScriptError
from shared.redis_address import SentinelAddress, is_sentinel, read_sentinel_address

REDIS_ERRORS = (redis.RedisError, OSError)
_MIN_PAUSE_SECONDS = 0.05
_INCLUDE = "-- @include "


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
    """Return how long to wait after so many failures in a row: doubling, bounded, jittered."""
    bound = min(longest_seconds, _MIN_PAUSE_SECONDS * 2.0 ** min(failures - 1, 20))
    return random.uniform(bound / 2, bound)  # noqa: S311 - spreads reconnections, no secret


@contextmanager
def queue_errors() -> Iterator[None]:
    """Turn Redis's errors into QueueUnavailable."""
    try:
        yield
    except REDIS_ERRORS as error:
        raise QueueUnavailable(f"Redis: {error}") from error


def read_script(name: str, folder: Traversable | None = None) -> str:
    """Return a Lua script of shared/lua, preceded by the libraries that it includes.

    A script names a library in its header comment with a line `-- @include lanes.lua`; libraries
    may include others. Each comes once, after its own includes. `folder` replaces shared/lua.
    Raises ScriptError if a file is missing or includes itself.
    """
    return "".join(_read_with_includes(name, folder or resources.files("shared.lua")).values())


def _read_with_includes(
    name: str, folder: Traversable, including: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return the texts by file name, each after those that it needs."""
    path = (*including, name)
    if name in including:
        raise ScriptError(f"Lua scripts include each other in a circle: {' -> '.join(path)}.")
    try:
        text = folder.joinpath(name).read_text("utf-8")
    except FileNotFoundError:
        raise ScriptError(f"There is no Lua script {name} ({' -> '.join(path)}).") from None
    texts: dict[str, str] = {}
    for library in _includes(text):
        texts |= _read_with_includes(library, folder, path)
    return texts | {name: text}


def _includes(text: str) -> list[str]:
    header = takewhile(lambda line: line.startswith("--"), text.splitlines())
    found = (line.removeprefix(_INCLUDE) for line in header if line.startswith(_INCLUDE))
    return [name.strip() for name in found]

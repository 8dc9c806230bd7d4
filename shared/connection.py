"""Connections to Redis, and what may go wrong with them."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from shared.redis_address import SentinelAddress, ServerAddress, read_redis_address
from shared.redis_faults import queue_unavailable

REDIS_ERRORS = (redis.RedisError, OSError)
_MIN_PAUSE_SECONDS = 0.05


def connect(url: str, *, timeout_seconds: float = 2.0, retries: int = 1) -> "redis.Redis":
    """Return a client that answers bytes; nothing is sent until the first command.

    `timeout_seconds` bounds connecting and each reply, unless the URL gives other bounds. Retries
    are few and jittered. A server that has become a replica is left: its connections are closed
    and made anew at the same address, which leads to the new master by then.
    """
    address = read_redis_address(url)
    options: dict[str, Any] = {
        "decode_responses": False,
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "health_check_interval": 0,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), retries),
        **address.options.given,
    }
    if isinstance(address, SentinelAddress):
        return _connect_by_sentinel(address, options)
    return _connect_to_server(address, options)


def _connect_to_server(address: ServerAddress, options: dict[str, Any]) -> "redis.Redis":
    entry = {
        "db": address.database,
        "username": address.username,
        "password": address.password,
    }
    arguments: dict[str, Any] = {**_place(address), **entry, **options, **address.options.tls}
    return redis.Redis.from_pool(_Pool(_connection_class(address), **arguments))


def _place(address: ServerAddress) -> dict[str, Any]:
    if address.path is not None:
        return {"path": address.path}
    return {"host": address.host, "port": address.port}


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


class _Pool(redis.ConnectionPool):
    """Connections to one server that are all closed once it turns out to be a replica."""

    def make_connection(self) -> Any:
        """Return a connection that says so."""
        connection = super().make_connection()
        cast("Any", connection).on_replica = self.disconnect
        return connection


class _LeavingReplicas:
    """Adds to a connection of redis-py: a server that has become read-only is an outage.

    redis-py repeats the call over a new connection then, as it does if a connection breaks.
    """

    on_replica: Callable[[], object]

    def read_response(self, *args: Any, **options: Any) -> Any:
        """Return the answer; raise ConnectionError if it is that the server is read-only."""
        try:
            return cast("Any", super()).read_response(*args, **options)
        except redis.ReadOnlyError as error:
            self.on_replica()
            raise redis.ConnectionError(f"READONLY {error}") from error


class _TcpConnection(_LeavingReplicas, redis.Connection):
    """One over TCP."""


class _TlsConnection(_LeavingReplicas, redis.SSLConnection):
    """One over TLS."""


class _SocketConnection(_LeavingReplicas, redis.UnixDomainSocketConnection):
    """One to a socket on this machine."""


def _connection_class(address: ServerAddress) -> type[Any]:
    if address.path is not None:
        return _SocketConnection
    return _TlsConnection if address.tls else _TcpConnection


def backoff_seconds(failures: int, longest_seconds: float) -> float:
    """Return how long to wait after a number of failures in a row: doubling, bounded, jittered."""
    bound = min(longest_seconds, _MIN_PAUSE_SECONDS * 2.0 ** min(failures - 1, 20))
    return random.uniform(bound / 2, bound)  # noqa: S311 - spreads reconnections, no secret


@contextmanager
def queue_errors() -> Iterator[None]:
    """Turn Redis's errors into QueueUnavailable, by name if Redis itself refuses."""
    try:
        yield
    except REDIS_ERRORS as error:
        raise queue_unavailable(error) from error

"""Connections to Redis, and what may go wrong with them."""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from shared.errors import UnsuitableRedis
from shared.redis_address import (
    ClusterAddress,
    RedisAddress,
    SentinelAddress,
    ServerAddress,
    read_redis_address,
)
from shared.redis_faults import queue_unavailable

REDIS_ERRORS = (redis.RedisError, OSError)
MAX_CONNECTIONS = 100  # of one client; who finds all of them in use waits
_MIN_PAUSE_SECONDS = 0.05


def connect(url: str, *, timeout_seconds: float = 2.0, retries: int = 1) -> "redis.Redis":
    """Return a client that answers bytes; nothing is sent until the first command.

    `timeout_seconds` bounds connecting and each reply, unless the URL gives other bounds, and how
    long a call waits for one of the connections. Retries are few and jittered. A server that has
    become a replica is left: its connections are closed and made anew at the same address, which
    leads to the new master by then. A cluster is no one server: `shared/partitions.py` connects.
    """
    address = read_redis_address(url)
    if isinstance(address, ClusterAddress):
        raise UnsuitableRedis("This is a cluster, which has no connection as a whole.")
    options = connection_options(address, timeout_seconds, retries)
    if isinstance(address, SentinelAddress):
        return _connect_by_sentinel(address, options, timeout_seconds)
    return _connect_to_server(address, {**options, "wait_seconds": timeout_seconds})


def connection_options(
    address: RedisAddress, timeout_seconds: float, retries: int
) -> dict[str, Any]:
    """Return what all connections to an address are given, by redis-py's names."""
    return {
        "decode_responses": False,
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "health_check_interval": 0,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), retries),
        **address.options.given,
    }


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


def _connect_by_sentinel(
    address: SentinelAddress, options: dict[str, Any], wait_seconds: float
) -> "redis.Redis":
    """Return a client that asks for the master with every new connection."""
    entry = {**options, "password": address.sentinel_password}
    sentinel = cast("Any", Sentinel)(list(address.sentinels), sentinel_kwargs=entry)
    client: redis.Redis = sentinel.master_for(
        address.service,
        db=address.database,
        username=address.username,
        password=address.password,
        connection_pool_class=_SentinelPool,
        wait_seconds=wait_seconds,
        **options,
    )
    return client


class WaitingPool:
    """Adds to a pool of redis-py: where all connections are in use, a call waits for one.

    By itself such a pool fails the call at once. Between two calls that soon follow each other a
    connection may rest here, for `rest_seconds` at most. To take it back and give it out again
    costs redis-py as much as a third of a call; it also looks at the socket, which is left to a
    call's second try where the server has just gone.
    """

    rest_seconds = 0.0

    def __init__(self, *args: Any, wait_seconds: float, **options: Any) -> None:
        self._wait_seconds = wait_seconds
        self._unused = threading.Semaphore(MAX_CONNECTIONS)
        self._given: set[int] = set()  # by identity: two connections may be equal
        self._resting: list[tuple[Any, float]] = []  # and since when
        self._pool = cast("Any", super())
        cast("Any", super()).__init__(*args, max_connections=MAX_CONNECTIONS, **options)

    def get_connection(self, *args: Any, **options: Any) -> Any:
        """Return a connection; raise ConnectionError if none is free in time."""
        connection = self._take_resting() if self.rest_seconds else None
        if connection is not None:
            return connection
        if not self._unused.acquire(timeout=self._wait_seconds):
            raise redis.ConnectionError(f"all {MAX_CONNECTIONS} connections are in use")
        try:
            connection = self._pool.get_connection(*args, **options)
        except BaseException:
            self._unused.release()
            raise
        self._given.add(id(connection))
        return connection

    def release(self, connection: Any) -> None:
        """Take a connection back; redis-py itself does so with one that it could not open."""
        if not self.rest_seconds or not self._rest(connection):
            self._give_back(connection)

    def _give_back(self, connection: Any) -> None:
        was_given = id(connection) in self._given
        self._given.discard(id(connection))  # before others can be given it
        self._pool.release(connection)
        if was_given:
            self._unused.release()

    def _take_resting(self) -> Any:
        if cast("Any", self).pid != os.getpid():
            self._resting.clear()  # they are those of the process that this one was forked from
        try:
            connection, since = self._resting.pop()
        except IndexError:  # as any other thread may have been faster
            return None
        self._given.add(id(connection))
        if time.monotonic() - since < self.rest_seconds:
            return connection
        self._give_back(connection)
        return None

    def _rest(self, connection: Any) -> bool:
        if id(connection) not in self._given:
            return any(connection is each for each, _ in self._resting)  # taken back already
        # Where many are in use, somebody may wait for one.
        if len(self._given) + len(self._resting) > MAX_CONNECTIONS // 2:
            return False
        if connection.should_reconnect() or not self._pool.owns_connection(connection):
            return False
        self._given.discard(id(connection))
        self._resting.append((connection, time.monotonic()))
        return True


class _SentinelPool(WaitingPool, SentinelConnectionPool):
    """Connections to the master that the sentinels name."""


class _Pool(WaitingPool, redis.ConnectionPool):
    """Connections to one server that are all closed once it turns out to be a replica."""

    rest_seconds = 1.0

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
    return random.SystemRandom().uniform(bound / 2, bound)


@contextmanager
def queue_errors() -> Iterator[None]:
    """Turn Redis's errors into QueueUnavailable, by name if Redis itself refuses."""
    try:
        yield
    except REDIS_ERRORS as error:
        raise queue_unavailable(error) from error

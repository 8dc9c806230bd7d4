"""Connections to one partition: its keys' prefix, and in a cluster the node that owns its slot."""

from functools import partial
from typing import Any, cast

import redis
from redis.crc import key_slot

from shared.cluster_topology import ClusterTopology
from shared.connection import WaitingPool, connect, connection_options
from shared.partition_client import PartitionClient, PrefixingPacker
from shared.redis_address import ClusterAddress

# What a node answers that does not serve a slot, or not now: the call is repeated soon, maybe at
# another node. ASK is not followed: see shared/partition_client.py.
_ELSEWHERE = (
    redis.ReadOnlyError,
    redis.exceptions.MovedError,
    redis.exceptions.AskError,
    redis.exceptions.TryAgainError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.MasterDownError,
)


def view_of_server(
    url: str, prefix: str, *, timeout_seconds: float, retries: int
) -> PartitionClient:
    """Return a partition of a server that runs alone, or behind Sentinel."""
    pool = connect(url, timeout_seconds=timeout_seconds, retries=retries).connection_pool
    make, packer = pool.make_connection, PrefixingPacker(prefix, _packer())

    def make_with_prefix() -> Any:
        connection = cast("Any", make())
        connection._command_packer = packer  # noqa: SLF001 - its constructor's own argument
        return connection

    pool.make_connection = make_with_prefix  # type: ignore[method-assign]
    return _client(pool, prefix)


def view_of_cluster(
    address: ClusterAddress,
    topology: ClusterTopology,
    prefix: str,
    *,
    timeout_seconds: float,
    retries: int,
) -> PartitionClient:
    """Return a partition of a cluster."""
    options = {
        **connection_options(address, timeout_seconds, retries),
        "username": address.username,
        "password": address.password,
        "command_packer": PrefixingPacker(prefix, _packer()),
        **address.options.tls,
    }
    kind = _TlsNodeConnection if address.tls else _NodeConnection
    pool = _NodePool(kind, wait_seconds=timeout_seconds, **options)
    pool.follow(topology, key_slot(prefix.encode()))
    client = _client(pool, prefix)
    client.in_cluster = True
    return client


def _client(pool: "redis.ConnectionPool", prefix: str) -> PartitionClient:
    client = cast("PartitionClient", PartitionClient.from_pool(pool))
    client.prefix = prefix
    return client


def _packer() -> Any:
    """Return what redis-py packs commands with by itself."""
    return cast("Any", redis.Connection)()._command_packer  # noqa: SLF001 - no public way


class _NodePool(WaitingPool, redis.ConnectionPool):
    """Connections to the node that owns a slot, closed once it is another.

    Those in use are left to who uses them: they find out for themselves.
    """

    def follow(self, topology: ClusterTopology, slot: int) -> None:
        """Say where new connections go."""
        self._topology = topology
        self._slot = slot

    def make_connection(self) -> Any:
        """Return a connection that asks for the node when it is opened."""
        connection = cast("Any", super().make_connection())
        connection.topology, connection.slot = self._topology, self._slot
        connection.on_elsewhere = partial(self.disconnect, inuse_connections=False)
        return connection


class FollowingSlot:
    """Adds to a connection of redis-py: it is opened to the node that owns its slot.

    A node that says it does not serve the slot is an outage: redis-py repeats the call over a new
    connection then. So is one that let another call wait in vain a moment ago: the connections to
    a node that is frozen would find out one by one, each after its time-out.
    """

    topology: ClusterTopology
    slot: int
    on_elsewhere: Any = staticmethod(lambda: None)
    host: str
    port: int
    disconnect: Any

    def _connect(self) -> Any:
        node = self.topology.owner(self.slot)
        self.host, self.port = node
        try:
            return cast("Any", super())._connect()  # noqa: SLF001 - the class that it is added to
        except TimeoutError:
            self.topology.silent(node)
            raise
        except OSError:
            self.topology.unreachable(node)
            raise

    def send_packed_command(self, *args: Any, **options: Any) -> None:
        """Send; connect anew if the node is known not to answer, maybe to another by now."""
        if self._is_silent():
            self.disconnect()
        cast("Any", super()).send_packed_command(*args, **options)

    def can_read(self, *args: Any, **options: Any) -> bool:
        """Return whether something has come; raise ConnectionError if the node does not answer."""
        self._leave_if_silent()
        return cast("bool", cast("Any", super()).can_read(*args, **options))

    def _leave_if_silent(self) -> None:
        if self._is_silent():
            raise redis.ConnectionError(f"{self.host}:{self.port} of the cluster does not answer")

    def _is_silent(self) -> bool:
        return self.topology.is_silent((self.host, self.port))

    def read_response(self, *args: Any, **options: Any) -> Any:
        """Return the answer; raise ConnectionError if it is that another node has the slot.

        Who gives a `timeout` waits for news, of which there may be none; a subscription leaves a
        node that does not answer others at once rather than after its own pings.
        """
        waits_for_news = "timeout" in options
        if waits_for_news:
            self._leave_if_silent()
        try:
            return cast("Any", super()).read_response(*args, **options)
        except _ELSEWHERE as error:
            self._leave(error)
            raise redis.ConnectionError(_told(error)) from error
        except redis.TimeoutError:
            if not waits_for_news:
                self.topology.silent((self.host, self.port))
            raise

    def _leave(self, error: Exception) -> None:
        if isinstance(error, redis.exceptions.MovedError):
            self.topology.moved(self.slot, (error.host or self.host, error.port))
            self.on_elsewhere()
        elif isinstance(error, redis.ReadOnlyError):
            self.topology.unreachable((self.host, self.port))
            self.on_elsewhere()


def _told(error: Exception) -> str:
    """Return an error with the name that redis-py takes off: it says what is the matter."""
    name = getattr(error, "status_code", None)
    text = str(error)
    return f"{name} {text}" if name and not text.startswith(str(name)) else text


class _NodeConnection(FollowingSlot, redis.Connection):
    """One over TCP."""


class _TlsNodeConnection(FollowingSlot, redis.SSLConnection):
    """One over TLS."""

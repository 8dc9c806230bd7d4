"""Partitions: key spaces that a Redis Cluster spreads over its masters.

Each is a whole Parley, in one slot: every key in it begins with the same hash tag. A conversation
lies in the partition that its id's hash names, with its jobs, whose ids are chosen so that their
hashes name it too. What Celery clients send is a partition of its own, STOCK_PREFIX, which a client
reaches by `global_keyprefix`. A server that runs alone has one partition, without a prefix.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeVar

import redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from shared.cluster_topology import ClusterTopology
from shared.connection import connect
from shared.partition_client import PartitionClient
from shared.partition_connection import view_of_cluster, view_of_server
from shared.partition_names import CLUSTER_PARTITIONS, STOCK_PREFIX
from shared.queue_lists import QueueLists
from shared.redis_address import ClusterAddress, read_redis_address

_CLUSTER_RETRIES = 3  # a slot that has moved is found again while the call waits
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MAX_LETTERS = 4  # 4,000 times as many endings as there may be partitions
Adapter = TypeVar("Adapter")


@dataclass(frozen=True, slots=True)
class Partitions:
    """A client for each partition: those that hashes name, then that of Celery clients.

    Where there is only one it is both.
    """

    clients: Sequence["redis.Redis"]
    hashed: int

    @property
    def is_one(self) -> bool:
        """Tell whether all keys are in one partition."""
        return len(self.clients) == 1

    @property
    def home(self) -> "redis.Redis":
        """Return the partition of what belongs to no conversation."""
        return self.clients[0]

    @property
    def stock(self) -> "redis.Redis":
        """Return the partition of Celery clients."""
        return self.clients[-1]

    @property
    def prefixes(self) -> list[str]:
        """Return the prefix of each; none where there is only one."""
        return [each.prefix for each in self.clients if isinstance(each, PartitionClient)]

    def index_of(self, scoped_id: str) -> int:
        """Return which partition an id's hash names."""
        return index_of(scoped_id, self.hashed)

    def of(self, scoped_id: str) -> "redis.Redis":
        """Return the partition that an id's hash names."""
        return self.clients[self.index_of(scoped_id)]

    def each(self, build: Callable[["redis.Redis"], Adapter]) -> list[Adapter]:
        """Return an adapter for each partition."""
        return [build(client) for client in self.clients]

    def lists_of(self, client: "redis.Redis", lists: QueueLists) -> QueueLists:
        """Return the lists of a partition's queues: Celery clients use one partition only."""
        if self.is_one:
            return lists
        is_stock = client is self.stock
        return replace(lists, of_clients=is_stock, bare=is_stock)

    def close(self) -> None:
        """Close all connections."""
        for client in self.clients:
            client.close()


def one_partition(client: "redis.Redis") -> Partitions:
    """Return the only partition of a server that runs alone."""
    return Partitions((client,), 1)


def index_of(scoped_id: str, count: int) -> int:
    """Return which of a number of partitions an id's hash names."""
    return zlib.crc32(scoped_id.encode(errors="surrogatepass")) % count


def partition_tags(count: int) -> list[str]:
    """Return the prefixes of the partitions that hashes name: {p00}, {p01}…

    Each lies in a range of slots of its own, so that masters with as many slots have as many
    partitions; letters after the number make it so.
    """
    return [_tag_in(f"p{number:02d}", number, count) for number in range(count)]


def _tag_in(name: str, number: int, count: int) -> str:
    endings = (
        "".join(letters)
        for size in range(_MAX_LETTERS + 1)
        for letters in product(_LETTERS, repeat=size)
    )
    for ending in endings:
        if key_slot(f"{name}{ending}".encode()) * count // REDIS_CLUSTER_HASH_SLOTS == number:
            return f"{{{name}{ending}}}"
    raise AssertionError("no ending of up to four letters is in the range")


def connect_partitions(
    url: str, count: int | None = None, *, timeout_seconds: float = 2.0, retries: int = 1
) -> Partitions:
    """Return clients of all partitions; nothing is sent until the first command.

    `count` is how many hashes name; None: 1 on a server that runs alone, 16 on a cluster.
    """
    address = read_redis_address(url)
    if isinstance(address, ClusterAddress):
        topology = ClusterTopology(address)
        wanted = count or CLUSTER_PARTITIONS
        retries = max(retries, _CLUSTER_RETRIES)
        return Partitions(
            [
                view_of_cluster(
                    address, topology, tag, timeout_seconds=timeout_seconds, retries=retries
                )
                for tag in _all_tags(wanted)
            ],
            wanted,
        )
    if count is None or count == 1:
        return one_partition(connect(url, timeout_seconds=timeout_seconds, retries=retries))
    views = [
        view_of_server(url, tag, timeout_seconds=timeout_seconds, retries=retries)
        for tag in _all_tags(count)
    ]
    return Partitions(views, count)


def _all_tags(count: int) -> list[str]:
    return [*partition_tags(count), STOCK_PREFIX]

"""Celery's own link to a Redis Cluster, which neither kombu nor Celery's backend knows.

With the prefix of the stock partition before each of Celery's keys, all of them lie in one slot. So
one node is enough; every new connection goes to the one that owns the slot by then.
"""

from functools import cache
from typing import Any, cast

import redis
from celery.backends.redis import RedisBackend
from kombu.transport.redis import Channel, Transport
from redis.crc import key_slot

from shared.cluster_topology import ClusterTopology
from shared.partition_connection import FollowingSlot
from shared.partition_names import STOCK_PREFIX
from shared.redis_address import ClusterAddress, read_redis_address
from shared.settings import CommonSettings, load


@cache
def _topology(url: str) -> ClusterTopology:
    return ClusterTopology(cast("ClusterAddress", read_redis_address(url)))


def _following(connection_class: type[Any]) -> type[Any]:
    """Return a class of connections to the node that owns the slot of Celery's keys."""
    members = {
        "topology": _topology(load(CommonSettings).redis_address),
        "slot": key_slot(STOCK_PREFIX.encode()),
    }
    return type(f"Following{connection_class.__name__}", (FollowingSlot, connection_class), members)


class ClusterChannel(Channel):  # type: ignore[misc] # kombu has no types
    """A channel whose connections follow the slot."""

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = super()._connparams(asynchronous=asynchronous)
        return {**found, "connection_class": _following(found["connection_class"])}


class ClusterTransport(Transport):  # type: ignore[misc] # kombu has no types
    """kombu's transport over Redis, on a cluster."""

    Channel = ClusterChannel


class ClusterBackend(RedisBackend):  # type: ignore[misc] # Celery has no types
    """Celery's results in Redis, on a cluster."""

    def _get_pool(self, **params: Any) -> Any:
        kind = params.pop("connection_class", redis.Connection)
        return super()._get_pool(**params, connection_class=_following(kind))

"""Whose messages wait on the queues."""

from collections.abc import Mapping, Sequence
from typing import cast

import redis

from shared import keys
from shared.tenants import DEFAULT_TENANT


def other_tenants(client: "redis.Redis") -> Mapping[str, Sequence[str]]:
    """Return the tenants beside the default one that have a list of each queue.

    In one round trip; raises what redis-py does.
    """
    with client.pipeline(transaction=False) as pipeline:
        for queue in keys.QUEUES:
            pipeline.zrange(keys.flows(queue), 0, -1)
        found = cast("list[list[bytes]]", pipeline.execute())
    return {
        queue: [name for name in map(bytes.decode, names) if name != DEFAULT_TENANT]
        for queue, names in zip(keys.QUEUES, found, strict=True)
    }

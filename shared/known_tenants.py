"""The tenants that Redis knows of."""

from typing import cast

import redis

from shared import keys, tenants


def known_tenants(client: "redis.Redis") -> list[str]:
    """Return the tenants that had a reply, the default one first; raises what redis-py does."""
    others = cast("set[bytes]", client.smembers(keys.TENANTS))
    return [tenants.DEFAULT_TENANT, *sorted(name.decode() for name in others)]

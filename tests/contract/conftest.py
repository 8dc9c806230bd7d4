"""The Redis that contract tests of the queues look into."""

import pytest
import redis

from tests.contract.broker import Broker


@pytest.fixture
def broker(redis_url: str, redis_client: redis.Redis, request: pytest.FixtureRequest) -> Broker:
    """Return queues over an empty Redis; over a partition of it if a module asks for one."""
    prefix: str = getattr(request, "param", "")
    broker = Broker(redis_url, redis_client, prefix=prefix)
    if prefix:
        broker.client = broker.connect()
    return broker

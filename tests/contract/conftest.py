"""The Redis that contract tests of the queues look into."""

import pytest
import redis

from tests.contract.broker import Broker


@pytest.fixture
def broker(redis_url: str, redis_client: redis.Redis) -> Broker:
    return Broker(redis_url, redis_client)

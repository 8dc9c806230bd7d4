"""The broker that a test of the drain's queue looks into, once of each kind."""

from collections.abc import Iterator

import pytest

from tests.contract.queue_bench import (
    Bench,
    MemoryBench,
    RedisBench,
)


@pytest.fixture(params=["memory", "redis"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param == "memory":
        yield MemoryBench()
        return
    url = request.getfixturevalue("redis_url")
    client = request.getfixturevalue("redis_client")
    yield RedisBench(url, client)

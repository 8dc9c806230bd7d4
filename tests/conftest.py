"""Fixtures that every suite shares: a real Redis, and the built model."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import settings

from tests.linked_model import linked
from tests.processes import RedisServer

ROOT = Path(__file__).parent.parent

settings.register_profile("parley", deadline=None)  # a busy machine is no failure
settings.load_profile("parley")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Run one real Redis for the whole session, without persistence."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Address an empty Redis."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture
def redis_client(redis_url: str) -> "Iterator[redis.Redis]":
    """Connect to the empty Redis."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the model once in the data folder, as `make run` does, and link it.

    The link has no `gate.json`: an engine that a user's gate chose must decide no test.
    """
    from workers.modelling.encoder.build import build_model

    built = Path(os.environ.get("PARLEY_MODEL_DIR", ROOT / "var" / "model"))
    build_model(built)
    return linked(built, tmp_path_factory.mktemp("model") / "model")

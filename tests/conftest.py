"""Fixtures that every suite shares: a real Redis, and the built model."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import settings

from tests.support.linked_model import linked
from tests.support.processes import RedisServer

ROOT = Path(__file__).parent.parent
Parley = Callable[..., tuple[int, str, str]]

settings.register_profile("parley", deadline=None)  # a busy machine is no failure
settings.load_profile("parley")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its tier, which is the folder it lies in."""
    for item in items:
        item.add_marker(item.path.relative_to(ROOT / "tests").parts[0])


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Take back what a test did to the log: its handlers write to a stream that is closed."""
    root = logging.getLogger()
    before, level = set(root.handlers), root.level
    yield
    for handler in set(root.handlers) - before:
        if not type(handler).__module__.startswith("_pytest"):
            root.removeHandler(handler)
    root.setLevel(level)


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


@pytest.fixture
def parley(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Parley:
    """Run the `parley` command in this process; return exit code, output and errors."""
    from infra.cli.main import main

    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["parley", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), told.out, told.err

    return run

"""infra.deploy.health on the real server: when a container counts as healthy."""

import socket

import msgspec
import pytest
import redis

from infra.deploy import health
from shared import keys
from shared.worker_status import WorkerStatus
from tests.support.processes import free_port


def beat(client: "redis.Redis", host: str) -> None:
    """Leave a worker's heartbeat."""
    status = WorkerStatus("one", keys.INFERENCE, "test", 1, host, 1.0)
    client.zadd(keys.workers(keys.INFERENCE), {"one": 1.0})
    client.set(keys.worker("one"), msgspec.json.encode(status))


def test_a_heartbeat_from_this_host_is_health(
    redis_url: str, redis_client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)
    beat(redis_client, socket.gethostname())
    assert health.main("inference") == 0
    assert health.main("--liveness", "inference") == 0
    assert health.main("sentiment") == 1


def test_another_hosts_heartbeat_is_none(
    redis_url: str,
    redis_client: "redis.Redis",
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)
    beat(redis_client, "elsewhere")
    assert health.main("--liveness", "inference") == 1
    assert "no heartbeat of a worker for inference" in capsys.readouterr().err


def test_an_outage_of_redis_makes_unready_and_restarts_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARLEY_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    assert health.main("inference") == 1
    assert health.main("--liveness", "inference") == 0

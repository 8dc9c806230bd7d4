"""`parley kb status`: what workers say of their bases, read from the real server."""

import json
from collections.abc import Callable

import msgspec
import pytest
import redis

from infra.cli.exit_status import ExitStatus
from shared import keys
from shared.worker_status import KnowledgeStatus, WorkerStatus

Parley = Callable[..., tuple[int, str, str]]
SOUND = KnowledgeStatus(None, "a1b2c3d4e5f6", 180, 1_700_000_000.0)
FAULT = "/kb/faq.yaml:4: the entry has no answer"
FAULTY = KnowledgeStatus("acme", "", 0, 1_700_000_000.0, FAULT, 1_700_000_060.0)


def beat(client: "redis.Redis", name: str, *bases: KnowledgeStatus) -> None:
    """Leave a worker's heartbeat."""
    status = WorkerStatus(name, keys.INFERENCE, "test", 1, "host", 1.0, knowledge=bases)
    client.zadd(keys.workers(keys.INFERENCE), {name: 1.0})
    client.set(keys.worker(name), msgspec.json.encode(status))


@pytest.fixture(autouse=True)
def address(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)


def test_each_worker_shows_its_bases(parley: Parley, redis_client: "redis.Redis") -> None:
    beat(redis_client, "one", SOUND)
    beat(redis_client, "two", SOUND)
    code, shown, _ = parley("kb", "status")
    assert code == 0
    assert shown.count("a1b2c3d4e5f6") == 2
    assert "2023-11-14 22:13:20" in shown


def test_a_refused_base_is_named_with_its_fault(
    parley: Parley, redis_client: "redis.Redis"
) -> None:
    beat(redis_client, "one", SOUND, FAULTY)
    code, shown, _ = parley("kb", "status")
    assert code == ExitStatus.DEGRADED
    assert f"refused: {FAULT}" in shown
    told = json.loads(parley("kb", "status", "--json")[1])
    assert [(each["tenant"], each["revision"], each["refused"]) for each in told] == [
        (None, "a1b2c3d4e5f6", None),
        ("acme", None, FAULT),
    ]


def test_no_worker_is_no_fault(parley: Parley) -> None:
    code, shown, _ = parley("kb", "status")
    assert (code, "No worker" in shown) == (0, True)

"""What the parts write, as an operator collects it: standard output and error together."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis
import requests

from tests.e2e.gateway_process import Gateway
from tests.e2e.worker_process import WorkerProcess, wait_until_alive

SECRET = "my-secret-4711"  # noqa: S105 - of nothing


def read_json(log: str) -> list[dict[str, Any]]:
    """Return the lines of a log; fails on one that is not a JSON object."""
    lines = [json.loads(line) for line in log.splitlines()]
    for line in lines:
        assert {"at", "level", "logger", "pid", "text"} <= line.keys()
    return lines


def loggers(lines: Sequence[dict[str, Any]]) -> set[str]:
    return {line["logger"].split(".")[0] for line in lines}


@pytest.fixture
def redis_with_a_password(redis_url: str, redis_client: "redis.Redis") -> Iterator[str]:
    """Address the empty Redis as a user who has a password."""
    redis_client.acl_setuser(
        "parley",
        enabled=True,
        reset=True,
        passwords=[f"+{SECRET}-redis"],
        keys=["*"],
        channels=["*"],
        categories=["+@all"],
    )
    yield redis_url.replace("//", f"//parley:{SECRET}-redis@")
    redis_client.acl_deluser("parley")


def test_a_gateway_and_a_worker_write_nothing_but_json_and_nothing_secret(
    redis_with_a_password: str, tmp_path: Path, model_dir: Path
) -> None:
    settings = {"PARLEY_LOG_FORMAT": "json", "PARLEY_LOG_LEVEL": "debug"}
    of_the_gateway = {
        "PARLEY_ACCESS_LOG": "true",
        "PARLEY_HANDOVER_WEBHOOK": f"http://127.0.0.1:9/hook?token={SECRET}-webhook",
        "PARLEY_HANDOVER_WEBHOOK_SECRET": f"{SECRET}-signs-what-is-sent",
    }
    headers = {
        "Authorization": f"Bearer {SECRET}-bearer",
        "X-API-Key": f"{SECRET}-key",
        "Idempotency-Key": f"{SECRET}-idempotency",
        "Cookie": f"session={SECRET}-cookie",
    }
    url = redis_with_a_password
    worker = WorkerProcess(url, "inference", tmp_path, model_dir, (), **settings)
    with worker, Gateway(url, tmp_path, **settings, **of_the_gateway) as gateway:
        wait_until_alive(worker)
        assert gateway.ask(f"my secret is {SECRET}", **headers).status_code == 200
        requests.get(f"{gateway.url}/jobs/x?api_key={SECRET}-query", timeout=10)
        requests.post(f"{gateway.url}/chat", data=f'{{"{SECRET}', headers=headers, timeout=10)
        assert worker.stop() == 0
    assert {"celery", "workers"} <= loggers(read_json(worker.log()))
    assert "gunicorn" in loggers(read_json(gateway.log()))
    assert SECRET not in worker.log() + gateway.log()


@pytest.mark.parametrize(
    ("settings", "loglevel", "least"),
    [({}, None, "info"), ({"PARLEY_LOG_LEVEL": "error"}, None, "error"), ({}, "ERROR", "error")],
)
def test_the_command_lines_level_goes_before_the_environments(
    redis_url: str,
    tmp_path: Path,
    model_dir: Path,
    settings: dict[str, str],
    loglevel: str | None,
    least: str,
) -> None:
    options = ("--loglevel", loglevel) if loglevel else ()
    worker = WorkerProcess(
        redis_url, "inference", tmp_path, model_dir, options, PARLEY_LOG_FORMAT="json", **settings
    )
    with worker:
        wait_until_alive(worker)
        worker.stop()
    levels = {line["level"] for line in read_json(worker.log())}
    assert "debug" not in levels
    assert "info" in levels if least == "info" else levels <= {"error", "critical"}

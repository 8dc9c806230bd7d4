"""What the parts write, as an operator collects it: standard output and error together."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.gateway_process import Gateway
from tests.e2e.worker_process import WorkerProcess, wait_until_alive


def read_json(log: str) -> list[dict[str, Any]]:
    """Return the lines of a log; fails on one that is not a JSON object."""
    lines = [json.loads(line) for line in log.splitlines()]
    for line in lines:
        assert {"at", "level", "logger", "pid", "text"} <= line.keys()
    return lines


def loggers(lines: Sequence[dict[str, Any]]) -> set[str]:
    return {line["logger"].split(".")[0] for line in lines}


def test_a_gateway_and_a_worker_write_nothing_but_json(
    redis_url: str, tmp_path: Path, model_dir: Path
) -> None:
    settings = {"PARLEY_LOG_FORMAT": "json", "PARLEY_LOG_LEVEL": "debug"}
    access = {"PARLEY_ACCESS_LOG": "true"}
    worker = WorkerProcess(redis_url, "inference", tmp_path, model_dir, (), **settings)
    with worker, Gateway(redis_url, tmp_path, **settings, **access) as gateway:
        wait_until_alive(worker)
        assert gateway.ask("my secret is 4711").status_code == 200
        assert worker.stop() == 0
    assert {"celery", "workers"} <= loggers(read_json(worker.log()))
    assert "gunicorn" in loggers(read_json(gateway.log()))
    assert "4711" not in worker.log() + gateway.log()


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

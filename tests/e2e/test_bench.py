"""`parley bench` as a person meets it: every system measured, everything stopped. Never speeds."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.process_tree import command, family, none_alive
from tests.support.processes import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def start_bench(data_dir: Path, model_dir: Path, *arguments: str) -> subprocess.Popen[bytes]:
    outside = {key: text for key, text in os.environ.items() if not key.startswith("PARLEY_")}
    settings = {
        "PARLEY_DATA_DIR": str(data_dir),
        "PARLEY_MODEL_DIR": str(model_dir),
        "PARLEY_REDIS_URL": "redis://127.0.0.1:1/0",  # never asked: a bench has its own
        "PARLEY_KB": str(ROOT / "workers" / "knowledge" / "demo" / "gift.yaml"),  # soon embedded
    }
    return subprocess.Popen(
        [sys.executable, "-m", "infra.cli", "bench", "--quick", *arguments],
        cwd=ROOT,
        env=outside | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.timeout(280)
def test_every_system_is_measured_and_reported(tmp_path: Path, model_dir: Path) -> None:
    running = start_bench(tmp_path, model_dir, "--json")
    out, err = running.communicate(timeout=270)
    assert running.returncode == 0, err.decode()
    report = json.loads(out)
    closed = {
        (each["system"], each["users"]): each
        for each in report["figures"]
        if each["offered_per_second"] is None
    }
    left_out = set(report["left_out"])
    assert left_out <= ({"mosec"} if not os.environ.get("CI") else set()), report["left_out"]
    names = {"parley", "tutorial", "stock", "mosec", "echo"} - left_out
    served = [(name, users) for name in names for users in (1, 4)]
    assert set(served) < set(closed)
    for key in served:
        assert closed[key]["answered"] > 0
        assert closed[key]["errors"] == 0
        latency = closed[key]["latency"]
        assert 0 < latency["p50_ms"] <= latency["p95_ms"] <= latency["p99_ms"]
    assert {name for name, _ in closed} == names | {"ideal"}
    ours = closed["parley", 4]
    parts = {"redis", "inference", "sentiment", "gateway", "flower", "load generator"}
    assert set(ours["cpu_ms"]) == set(ours["rss_mb"]) == parts
    assert list(ours["stages_ms"]) == [
        *("http", "enqueue", "queue", "prepare", "engine", "compose", "complete", "deliver")
    ]
    assert [e["offered_per_second"] for e in report["figures"] if e["offered_per_second"]] == [10.0]
    assert "parley ÷ stock, 4 users" in report["comparisons"]
    assert report["machine"]["kind"]
    assert (report["ratios"]["p50_to_mosec"] is None) == ("mosec" in left_out)
    (folder,) = (tmp_path / "bench").iterdir()
    kept = {path.name for path in folder.iterdir()}
    assert {"report.json", "report.md", "throughput.png", "latency.png", "log"} <= kept
    assert not [name for name in kept if name.endswith((".tmp", ".npz"))]
    assert json.loads((folder / "report.json").read_bytes()) == report


def test_the_queue_alone_and_sleeping_engines_are_measured(tmp_path: Path, model_dir: Path) -> None:
    running = start_bench(tmp_path, model_dir, "--systems", "queue,scale-2", "--json")
    out, err = running.communicate(timeout=200)
    assert running.returncode == 0, err.decode()
    queue, *scaled = json.loads(out)["figures"]
    assert queue["answered"] > 100
    assert queue["batches"]["inference"]["mean_batch"] > 1
    assert set(queue["cpu_ms"]) == {"redis", "publisher", "consumer"}
    for each in scaled:
        assert each["errors"] == 0
        assert {"inference", "inference-2"} < set(each["cpu_ms"])
        assert 1 <= each["batches"]["inference"]["mean_batch"] <= 2


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process(
    tmp_path: Path, model_dir: Path, request_to_stop: signal.Signals
) -> None:
    running = start_bench(tmp_path, model_dir, "--systems", "stock")

    def measures() -> bool:
        assert running.poll() is None
        return any("infra.bench.generator" in command(pid) for pid in family(running.pid))

    wait_until(measures, 90, 0.1)
    started = family(running.pid)
    running.send_signal(request_to_stop)
    running.communicate(timeout=60)
    assert running.returncode != 0
    wait_until(lambda: none_alive(started), 10)

"""The run for a GPU, dry: real gateways, Redis, Celery workers, sleeping engines. No speeds."""

import sys
from pathlib import Path

import msgspec
import pytest

from infra.bench.figures import GENERATOR
from infra.bench.gpu.__main__ import run
from infra.bench.gpu.plan import GpuPlan, Stack
from infra.bench.gpu.report import GpuReport
from tests.support.knowledge_files import FULL, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_every_step_works_without_a_gpu(
    tmp_path: Path,
    model_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PARLEY_MODEL_DIR", str(model_dir))
    monkeypatch.setenv("PARLEY_KB", str(write(tmp_path, FULL)))  # soon embedded
    monkeypatch.setenv("OUT", str(tmp_path / "out"))
    stack = Stack(workers=2, max_batch=64, users=(8,))
    run(GpuPlan((stack,), "simulated", 2, 1.0, 0.3, limit_seconds=240.0), None, None)

    report = msgspec.json.decode((tmp_path / "out" / "gpu.json").read_bytes(), type=GpuReport)
    assert report.left_out == ()
    (measured,) = report.measured
    assert measured.stack == stack
    assert measured.figures.answered > 8
    assert measured.figures.errors == 0
    assert set(measured.figures.cpu_ms) == {
        *("redis", "inference", "inference-2", "sentiment", "gateway", "flower", GENERATOR)
    }
    assert measured.figures.batches["inference"].mean_batch
    assert "| small | 2 | 64 | 1 | 8 |" in capfd.readouterr().out
    (folder,) = (tmp_path / "data" / "bench").iterdir()
    assert {path.name for path in folder.iterdir()} == {"log", "messages.json"}

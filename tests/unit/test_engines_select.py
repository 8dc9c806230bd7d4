"""Which engine a worker gets, and what it must not import for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.errors import EngineError, ModelError
from tests.support.linked_model import linked
from workers.engines import select
from workers.engines.choice import CHOICE, read_choice, write_choice
from workers.engines.litert import LiteRtEngine
from workers.engines.select import make_engine, runnable, select_engine

ROOT = Path(__file__).parents[2]

CPU_WORKER = r"""
import re, sys
from pathlib import Path
from workers.engines.engine import TokenBatch
from workers.engines.select import select_engine
engine = select_engine("litert", Path(sys.argv[1]), "answer")
engine.warm()
engine.run(TokenBatch.of([[101, 2054, 102]] * 32 + [[101] * 128] * 8))
assert not [name for name in sys.modules if name.split(".")[0] in ("tensorflow", "keras", "torch")]
print(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
"""


def see_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, tensorflow: bool) -> None:
    sign = tmp_path / "nvidia0"
    sign.touch()
    monkeypatch.setattr(select, "_GPU_SIGNS", (tmp_path / "none", sign))
    monkeypatch.setattr(select, "gpu_tensorflow_installed", lambda: tensorflow)


def test_auto_takes_litert_without_a_gpu(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(select, "_GPU_SIGNS", (tmp_path / "none",))
    assert select_engine("auto", model_dir, "answer").name == "litert-int8"
    assert select_engine("tensorflow", model_dir, "answer").name == "tensorflow-fp32"


def test_auto_takes_tensorflow_with_a_gpu(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    see_gpu(monkeypatch, tmp_path, tensorflow=True)
    assert select_engine("auto", model_dir, "tone").name == "tensorflow-fp16"
    assert select_engine("litert", model_dir, "tone").name == "litert-int8"


def test_auto_leaves_a_gpu_that_no_tensorflow_can_use(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    see_gpu(monkeypatch, tmp_path, tensorflow=False)
    assert select_engine("auto", model_dir, "answer").name == "litert-int8"


@pytest.mark.parametrize("chosen", ["litert-int8", "litert-fp32", "tensorflow-fp32"])
def test_auto_obeys_the_gate(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.setattr(select, "_GPU_SIGNS", (tmp_path / "none",))
    model = linked(model_dir, tmp_path / "model")
    write_choice(model, chosen)
    assert select_engine("auto", model, "answer").name == chosen
    assert select_engine("litert", model, "answer").name == "litert-int8"  # a name is a name
    assert select_engine("auto", model, "tone").name == "litert-int8"  # not what was measured


def test_a_choice_that_cannot_run_here_is_passed_over(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(select, "_GPU_SIGNS", (tmp_path / "none",))
    model = linked(model_dir, tmp_path / "model")
    write_choice(model, "tensorflow-fp16")
    assert select_engine("auto", model, "answer").name == "litert-int8"


def test_a_choice_is_for_the_model_it_was_made_with(model_dir: Path, tmp_path: Path) -> None:
    model = linked(model_dir, tmp_path / "model")
    assert read_choice(model) is None
    write_choice(model, "litert-fp32")
    assert read_choice(model) == "litert-fp32"
    (model / CHOICE).write_text('{"digest": "of another model", "engine": "litert-fp32"}')
    assert read_choice(model) is None


def test_a_damaged_choice_is_named(model_dir: Path, tmp_path: Path) -> None:
    model = linked(model_dir, tmp_path / "model")
    (model / CHOICE).write_text('{"digest": 7')
    with pytest.raises(ModelError, match=r"gate\.json is damaged.+parley model check --gate"):
        select_engine("auto", model, "answer")


def test_what_runs_here_is_made_under_its_name(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(select, "_GPU_SIGNS", (tmp_path / "none",))
    names = runnable(model_dir)
    assert names == ("litert-fp32", "litert-int8", "tensorflow-fp32")
    assert tuple(make_engine(name, model_dir, "answer").name for name in names) == names
    see_gpu(monkeypatch, tmp_path, tensorflow=True)
    assert runnable(model_dir)[-1] == "tensorflow-fp16"
    assert make_engine("tensorflow-fp16", model_dir, "answer").name == "tensorflow-fp16"


def test_simulated_needs_no_model(tmp_path: Path) -> None:
    assert select_engine("simulated", tmp_path, "answer").name == "simulated"


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no built model"):
        select_engine("litert", tmp_path, "answer")


def test_a_warm_up_that_fails_says_why(model_dir: Path, tmp_path: Path) -> None:
    for name in ("model.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((model_dir / name).read_bytes())
    (tmp_path / "answer").mkdir()
    (tmp_path / "answer" / "int8.tflite").write_bytes(b"not a model at all")
    with pytest.raises(EngineError, match=r"litert-int8 engine cannot warm up: .+"):
        LiteRtEngine(tmp_path, "answer").warm()


def test_a_cpu_worker_is_small_and_never_sees_tensorflow(model_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CPU_WORKER, str(model_dir)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 250_000  # kB at its peak, all shapes run

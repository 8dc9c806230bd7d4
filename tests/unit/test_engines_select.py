"""Which engine a worker gets, and what it must not import for it."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from shared.errors import EngineError, ModelError
from tests.fakes.stopwatch import Stopwatch
from tests.support.linked_model import linked
from workers.engines import layout, select
from workers.engines.choice import CHOICE, read_choice, write_choice
from workers.engines.engine import Encoded, TokenBatch
from workers.engines.litert import LiteRtEngine
from workers.engines.select import (
    EngineName,
    choose_engine,
    machine_name,
    make_engine,
    runnable,
    select_engine,
)
from workers.engines.simulated import SimulatedEngine
from workers.engines.speed import rows_per_second

ROOT = Path(__file__).parents[2]

CPU_WORKER = r"""
import re, sys
from pathlib import Path
from workers.engines.engine import Encoded, TokenBatch
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


def test_auto_takes_an_int8_engine_without_a_gpu(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(select, "_GPU_SIGNS", (tmp_path / "none",))
    assert select_engine("auto", model_dir, "answer").name in ("litert-int8", "onnx-int8")
    assert select_engine("onnx", model_dir, "answer").name == "onnx-int8"
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
    assert select_engine("auto", model_dir, "answer").name in ("litert-int8", "onnx-int8")


@pytest.mark.parametrize("chosen", ["litert-int8", "litert-fp32", "tensorflow-fp32"])
def test_auto_obeys_the_gate(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.setattr(select, "_GPU_SIGNS", (tmp_path / "none",))
    model = linked(model_dir, tmp_path / "model")
    write_choice(model, chosen, machine_name())
    assert select_engine("auto", model, "answer").name == chosen
    assert select_engine("litert", model, "answer").name == "litert-int8"  # a name is a name
    assert select_engine("auto", model, "tone").name == "litert-int8"  # not what was measured


def test_a_choice_that_cannot_run_here_is_passed_over(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(select, "_GPU_SIGNS", (tmp_path / "none",))
    model = linked(model_dir, tmp_path / "model")
    write_choice(model, "tensorflow-fp16", machine_name())
    paced(monkeypatch, {"litert-int8": 1.0, "onnx-int8": 2.0})
    assert choose_engine(model) == "litert-int8"


class Paced(SimulatedEngine):
    """Takes its own time for each batch, by the watch."""

    def __init__(self, seconds: float, watch: Stopwatch) -> None:
        super().__init__(sleep=lambda _seconds: None)
        self._seconds, self._watch = seconds, watch

    def run(self, batch: TokenBatch) -> Encoded:
        self._watch.now += self._seconds
        return super().run(batch)


def paced(monkeypatch: pytest.MonkeyPatch, seconds: dict[EngineName, float]) -> Stopwatch:
    watch = Stopwatch()
    timed = partial(rows_per_second, clock=watch.read)
    monkeypatch.setattr(select, "rows_per_second", timed)
    monkeypatch.setattr(select, "make_engine", lambda name, *_: Paced(seconds[name], watch))
    return watch


@pytest.mark.parametrize(
    ("litert", "onnx", "chosen"),
    [(2.0, 1.0, "onnx-int8"), (1.0, 2.0, "litert-int8"), (1.05, 1.0, "litert-int8")],
)
def test_a_model_that_has_moved_is_measured_once_and_the_choice_is_kept(
    model_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    litert: float,
    onnx: float,
    chosen: EngineName,
) -> None:
    monkeypatch.setattr(select, "_GPU_SIGNS", (tmp_path / "none",))
    model = linked(model_dir, tmp_path / "model")
    write_choice(model, "litert-fp32", "where it was built")
    watch = paced(monkeypatch, {"litert-int8": litert, "onnx-int8": onnx})
    stages: list[str] = []
    assert choose_engine(model, stages.append) == chosen
    took = watch.now
    assert (stages, took > 0) == (["measuring the engines"], True)
    assert choose_engine(model, stages.append) == chosen
    assert (len(stages), watch.now) == (1, took)
    assert read_choice(model, machine_name()) == chosen


def test_tone_runs_on_what_the_answers_run_on(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(select, "_GPU_SIGNS", (tmp_path / "none",))
    model = linked(model_dir, tmp_path / "model")
    write_choice(model, "onnx-int8", machine_name())
    assert select_engine("auto", model, "tone").name == "onnx-int8"


def test_a_folder_that_is_only_read_is_measured_at_each_start(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ModelError("read-only file system")

    monkeypatch.setattr(select, "_GPU_SIGNS", (tmp_path / "none",))
    monkeypatch.setattr(select, "write_choice", refuse)
    model = linked(model_dir, tmp_path / "model")
    watch = paced(monkeypatch, {"litert-int8": 2.0, "onnx-int8": 1.0})
    assert choose_engine(model) == "onnx-int8"
    took = watch.now
    assert choose_engine(model) == "onnx-int8"
    assert watch.now > took


def test_without_onnx_runtime_nothing_is_measured(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(select, "_GPU_SIGNS", (tmp_path / "none",))
    model = linked(model_dir, tmp_path / "model")
    monkeypatch.setattr(select, "find_spec", lambda _name: None)
    assert choose_engine(model) == "litert-int8"
    assert read_choice(model, machine_name()) is None


def test_a_choice_is_for_the_model_it_was_made_with(model_dir: Path, tmp_path: Path) -> None:
    model = linked(model_dir, tmp_path / "model")
    assert read_choice(model, "here") is None
    write_choice(model, "litert-fp32", "here")
    assert read_choice(model, "here") == "litert-fp32"
    assert read_choice(model, "a machine that it moved to") is None
    (model / CHOICE).write_text(
        '{"digest": "of another model", "engine": "litert-fp32", "machine": "here"}'
    )
    assert read_choice(model, "here") is None


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
    assert names == ("litert-fp32", "litert-int8", "onnx-int8", "tensorflow-fp32")
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


def test_the_workers_image_has_the_files_of_every_int8_engine() -> None:
    dockerfile = (ROOT / "infra" / "deploy" / "Dockerfile").read_text("utf-8")
    (copied,) = (line for line in dockerfile.splitlines() if "cp --parents" in line)
    files = {place(Path(), "answer").name for place in (layout.int8, layout.onnx)}
    assert {f"*/{name}" for name in files} <= set(copied.split())

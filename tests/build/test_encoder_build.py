"""Builds are skipped, exclusive and atomic; any BERT folder builds and checks."""

import errno
import fcntl
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared.errors import ModelError
from tests.support.tiny_bert import write_tiny_bert
from workers.engines import layout, tensorflow
from workers.engines.engine import TokenBatch
from workers.engines.files import file_sha256
from workers.engines.layout import EncoderName
from workers.engines.litert import LiteRtEngine
from workers.engines.manifest import read_manifest
from workers.engines.packing import slots
from workers.engines.tensorflow import TensorFlowEngine
from workers.modelling.encoder import build as build_module
from workers.modelling.encoder.build import build_model
from workers.modelling.encoder.check import check_model, cosine
from workers.modelling.encoder.children import Exporter
from workers.modelling.encoder.delta import Delta, pack
from workers.modelling.encoder.weights import Source, folder_source, load_weights, read_config

ROOT = Path(__file__).parents[2]


class QuickExporter:
    """Writes a few bytes in place of encoders."""

    fault: BaseException | None = None
    runs = 0

    def __init__(self, source: Path, target: Path, progress: object) -> None:
        self._target = target

    def run(self, layers: Mapping[EncoderName, int]) -> None:
        type(self).runs += 1
        for encoder, count in layers.items():
            layout.int8(self._target, encoder).write_text(f"{encoder} {count}")
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> type[QuickExporter]:
    class Fresh(QuickExporter):
        pass

    monkeypatch.setattr(build_module, "Exporter", Fresh)
    return Fresh


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return folder_source(write_tiny_bert(tmp_path / "source"))


def test_nothing_is_done_twice(tmp_path: Path, source: Source, quick: type[QuickExporter]) -> None:
    stages: list[tuple[str, float]] = []
    first = build_model(tmp_path / "model", source, lambda *stage: stages.append(stage))
    again = build_model(tmp_path / "model", source)
    assert (first.built, again.built, quick.runs) == (True, False, 1)
    assert first.manifest == again.manifest == read_manifest(tmp_path / "model")
    assert stages[-1] == ("done", 1.0)


@pytest.mark.parametrize("change", ["weights", "config", "vocabulary", "layers", "file gone"])
def test_a_change_builds_anew(
    tmp_path: Path, source: Source, quick: type[QuickExporter], change: str
) -> None:
    model_dir = tmp_path / "model"
    build_model(model_dir, source)
    layers = None
    match change:
        case "weights":
            source.weights.write_bytes(source.weights.read_bytes() + b" ")
        case "config":
            config = source.folder / "config.json"
            config.write_text(json.dumps({**json.loads(config.read_text()), "new": 1}))
        case "vocabulary":
            with (source.folder / "vocab.txt").open("a") as file:
                file.write("\nmore")
        case "layers":
            layers = 2
        case _:
            layout.int8(model_dir, "tone").unlink()
    build_model(model_dir, source, tone_layers=layers)
    assert quick.runs == 2


def test_the_tone_encoder_takes_half_the_layers_of_a_small_model(
    tmp_path: Path, source: Source, quick: type[QuickExporter]
) -> None:
    manifest = build_model(tmp_path / "model", source).manifest
    assert {name: encoder.layers for name, encoder in manifest.encoders.items()} == {
        "answer": 2,
        "tone": 1,
    }


def test_a_delta_makes_another_model_of_the_same_weights(
    tmp_path: Path, source: Source, quick: type[QuickExporter]
) -> None:
    weights = load_weights(source, read_config(source))
    file = tmp_path / "some.delta"
    file.write_bytes(pack(weights, {name: value + 1 for name, value in weights.items()}))
    taught = replace(source, delta=Delta(file, file_sha256(file)))
    plain = build_model(tmp_path / "model", source).manifest
    built = build_model(tmp_path / "model", taught)
    assert (built.built, quick.runs) == (True, 2)
    assert built.manifest.digest != plain.digest
    assert built.manifest.source.identity != plain.source.identity == plain.source.sha256
    assert not build_model(tmp_path / "model", taught).built
    assert not (tmp_path / "model" / "weights").exists()


@pytest.mark.parametrize("layers", [0, 3])
def test_layers_that_do_not_exist_are_refused(
    tmp_path: Path, source: Source, quick: type[QuickExporter], layers: int
) -> None:
    with pytest.raises(ModelError, match="1 to 2 layers"):
        build_model(tmp_path / "model", source, tone_layers=layers)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space is left for the model"),
        (OSError(errno.EACCES, "Permission denied"), "cannot be built in .*: .*Permission denied"),
        (ModelError("said by a child"), "said by a child"),
    ],
)
def test_a_failed_build_leaves_the_former_model(
    tmp_path: Path, source: Source, quick: type[QuickExporter], fault: Exception, said: str
) -> None:
    model_dir = tmp_path / "model"
    before = build_model(model_dir, source).manifest
    quick.fault = fault
    with pytest.raises(ModelError, match=said):
        build_model(model_dir, source, tone_layers=2)
    assert read_manifest(model_dir) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".model.lock", "model", "source"]


def test_leftovers_of_a_killed_build_go(
    tmp_path: Path, source: Source, quick: type[QuickExporter]
) -> None:
    (tmp_path / ".model.building-1234abcd" / "answer").mkdir(parents=True)
    (tmp_path / ".model.building-1234abcd" / "answer" / "half").touch()
    build_model(tmp_path / "model", source)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".model.lock", "model", "source"]
    assert not (tmp_path / "model" / "answer" / "half").exists()


def test_a_build_killed_in_the_exchange_is_undone(
    tmp_path: Path, source: Source, quick: type[QuickExporter]
) -> None:
    build_model(tmp_path / "model", source)
    (tmp_path / "model").rename(tmp_path / ".model.retired")
    assert not build_model(tmp_path / "model", source).built


def test_two_builds_do_not_meet(tmp_path: Path, source: Source, quick: type[QuickExporter]) -> None:
    waiting = threading.Event()
    results: list[bool] = []

    def build() -> None:
        made = build_model(tmp_path / "model", source, lambda stage, _: tell(stage))
        results.append(made.built)

    def tell(stage: str) -> None:
        if stage == "waiting for a build":
            waiting.set()

    with (tmp_path / ".model.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        other = threading.Thread(target=build)
        other.start()
        assert waiting.wait(30)
        assert quick.runs == 0
    other.join(30)
    assert results == [True]


def test_the_skip_is_quick_and_loads_no_tensorflow(model_dir: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; began = time.perf_counter()\n"
        "from workers.modelling.encoder.build import build_model\n"
        "assert not build_model(Path(sys.argv[1])).built\n"
        "assert 'tensorflow' not in sys.modules; print(time.perf_counter() - began)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(model_dir)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) < 3  # 0.2 s on an idle machine


def test_a_child_that_fails_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "answer").mkdir()
    with pytest.raises(ModelError, match=r"answer encoder failed: .*config\.json cannot be read"):
        Exporter(tmp_path, tmp_path, lambda _stage, _share: None).run({"answer": 1})


def test_a_killed_build_leaves_no_half_model(tmp_path: Path) -> None:
    model_dir = tmp_path / "model"
    code = "import sys; from pathlib import Path\n"
    code += "from workers.modelling.encoder.build import build_model\n"
    code += "build_model(Path(sys.argv[1]), progress=lambda s, f: print(s, flush=True))"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(model_dir)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for stage in process.stdout:
            if "SavedModel" in stage:
                process.send_signal(signal.SIGKILL)
                break
    assert not model_dir.exists()
    (scratch,) = tmp_path.glob(".model.building-*")
    while any(str(scratch) in command for command in _commands()):
        time.sleep(0.01)  # the kernel ends the converters with their parent


def _commands() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_text())
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    source = folder_source(write_tiny_bert(folder / "source", "bert."))
    build_model(folder / "model", source)
    return folder / "model"


def test_any_bert_folder_builds_and_agrees_with_numpy(tiny_model: Path) -> None:
    report = check_model(tiny_model, rounds=1)
    assert report.ok, report.parities
    assert report.reference == "numpy"
    assert {parity.engine for parity in report.parities} == {
        "litert-int8",
        "onnx-int8",
        "litert-fp32",
        "saved-model",
        "tensorflow-fp32",
    }


def test_half_precision_comes_close(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow, "require_gpu", lambda _tf: None)
    half = TensorFlowEngine(tiny_model, "answer", gpu=True)
    full = LiteRtEngine(tiny_model, "answer", int8=False)
    batch = TokenBatch.of([(2, 5, 6, 3), (2, *[7, 8] * 40, 3)])
    half.warm()
    full.warm()
    assert half.name == "tensorflow-fp16"
    assert cosine(half.run(batch), full.run(batch)).min() > 0.999


def test_slots_follow_the_graph(tiny_model: Path) -> None:
    engine = LiteRtEngine(tiny_model, "answer")
    engine.warm()
    most = TokenBatch.of([(2, 5, 3)] * slots(64))
    assert np.ptp(engine.run(most), axis=0).max() < 1e-6

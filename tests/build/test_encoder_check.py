"""The check finds what is wrong with a model, and the reference agrees with itself."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.engines import layout
from workers.engines.cost import CostModel
from workers.engines.engine import Encoded, Shape, TokenBatch
from workers.engines.manifest import read_manifest
from workers.engines.simulated import SimulatedEngine
from workers.modelling.encoder import check
from workers.modelling.encoder.check import check_model, compare
from workers.modelling.encoder.numpy_bert import mean_vectors
from workers.modelling.encoder.reference import (
    Reference,
    committed_reference,
    reference_for,
    token_rows,
)
from workers.modelling.encoder.weights import load_weights, packaged_source, read_config


class Recorded:
    """An engine that gives the reference's own vectors, changed as a test says."""

    dimension = 2
    gives_early = False
    shapes = (Shape(32, 128),)
    cost = CostModel(0.0, 1e-5)

    def __init__(self, name: str, vectors: NDArray[np.float32], batch_shift: float = 0.0) -> None:
        self.name = name
        self._vectors = vectors
        self._batch_shift = batch_shift

    def warm(self) -> None: ...

    def padded_tokens(self, lengths: object) -> int:
        return 0

    def run(self, batch: TokenBatch) -> Encoded:
        rows = batch.ids[:, 0]  # each message's first id is its index
        shift = self._batch_shift if len(rows) > 1 else 0.0
        return Encoded(self._vectors[rows] + np.array([0, shift], np.float32))


VECTORS = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
REFERENCE = Reference(
    "test", ("a", "b", "c"), TokenBatch.of([[0], [1], [2]]), {"answer": VECTORS, "tone": VECTORS}
)


@pytest.mark.parametrize(
    ("engine", "passed"),
    [
        (Recorded("saved-model", VECTORS), True),
        (Recorded("saved-model", VECTORS + np.float32(2e-5)), False),
        (Recorded("litert-int8", VECTORS + np.float32(1e-2)), True),
        (Recorded("litert-int8", VECTORS + np.float32(0.5)), False),
        (Recorded("litert-int8", VECTORS, batch_shift=0.1), False),
    ],
)
def test_limits(engine: Recorded, *, passed: bool) -> None:
    assert compare(engine, "answer", REFERENCE).passed is passed


def test_numpy_agrees_with_torch(model_dir: Path) -> None:
    reference = committed_reference()
    source = packaged_source()
    config = read_config(source)
    weights = load_weights(source, config)
    rows = token_rows(model_dir, reference.texts)[:8]
    answer = mean_vectors(config, weights, rows, config.num_hidden_layers)
    answer /= np.linalg.norm(answer, axis=1, keepdims=True)
    assert np.abs(answer - reference.vectors["answer"][:8]).max() < 1e-5
    tone = mean_vectors(config, weights, rows, layout.TONE_LAYERS)
    assert np.abs(tone - reference.vectors["tone"][:8]).max() < 1e-5


def test_the_pinned_model_is_compared_with_torch(model_dir: Path) -> None:
    reference = reference_for(model_dir, read_manifest(model_dir))
    assert reference.origin == "torch"
    assert len(reference.texts) >= 40
    assert reference.batch.lengths.max() > 64


def test_a_damaged_file_is_named_and_not_run(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(model_dir, copy)
    torn = layout.int8(copy, "tone")
    content = bytearray(torn.read_bytes())
    content[1000] ^= 1
    torn.write_bytes(content)
    layout.fp32(copy, "answer").unlink()
    monkeypatch.setattr(check, "_engines", lambda *_: pytest.fail("must not run"))
    report = check_model(copy)
    assert sorted(report.damaged) == ["answer/fp32.tflite", "tone/int8.tflite"]
    assert not report.ok


def test_simulated_vectors_do_not_pass_for_real_ones() -> None:
    reference = committed_reference()
    engine = SimulatedEngine(sleep=lambda _seconds: None)
    engine.warm()
    assert not compare(engine, "answer", reference).passed

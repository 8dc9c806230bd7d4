"""Every engine keeps the interface's promises."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared.errors import EngineError
from tests.support.hidden_instructions import LITERT, ONNX_RUNTIME, hide_avx512
from workers.engines.engine import Engine, TokenBatch
from workers.engines.litert import LiteRtEngine
from workers.engines.onnxruntime import OnnxEngine
from workers.engines.simulated import SimulatedEngine
from workers.engines.tensorflow import TensorFlowEngine
from workers.modelling.encoder.reference import committed_reference

ROOT = Path(__file__).parents[2]

# A sum in another order moves an element by more than 1e-4 as soon as it tips one int8 rounding, so
# nothing lies between this and a broken promise (docs/experiments/batch-invariance.md).
ROUNDING = 1e-5

INT8 = ["litert-int8", "onnx-int8"]
KINDS = [*INT8, "litert-fp32", "simulated", "tensorflow-fp32"]


def make(kind: str, model_dir: Path) -> Engine:
    match kind:
        case "litert-int8":
            return LiteRtEngine(model_dir, "answer")
        case "onnx-int8":
            return OnnxEngine(model_dir, "answer")
        case "litert-fp32":
            return LiteRtEngine(model_dir, "answer", int8=False)
        case "tensorflow-fp32":
            return TensorFlowEngine(model_dir, "answer")
        case _:
            return SimulatedEngine(sleep=lambda _seconds: None)


@cache
def warmed(kind: str, model_dir: Path) -> Engine:
    engine = make(kind, model_dir)
    engine.warm()
    return engine


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, model_dir: Path) -> Engine:
    return warmed(request.param, model_dir)


def messages(*lengths: int) -> list[list[int]]:
    draw = np.random.default_rng(sum(lengths))
    return [[101, *draw.integers(1000, 28000, length - 2).tolist(), 102] for length in lengths]


def cosines(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    result: NDArray[np.float32] = (left * right).sum(1) / lengths
    return result


def test_one_vector_for_each_row(engine: Engine) -> None:
    vectors = engine.run(TokenBatch.of(messages(5, 40, 128, 7)))
    assert vectors.shape == (4, engine.dimension)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()


def test_rows_keep_their_order(engine: Engine) -> None:
    rows = messages(4, 90, 12, 33, 12, 60, 8)
    forward = engine.run(TokenBatch.of(rows))
    backward = engine.run(TokenBatch.of(rows[::-1]))
    assert cosines(forward, backward[::-1]).min() >= 0.9999
    assert len({vector.tobytes() for vector in forward}) == len(rows)


def test_more_rows_than_any_shape_holds(engine: Engine) -> None:
    rows = messages(*[5] * 300)
    vectors = engine.run(TokenBatch.of(rows))
    assert vectors.shape == (300, engine.dimension)
    assert (
        cosines(vectors[-3:], engine.run(TokenBatch.of(rows[-3:]))).min() >= 0.9999
    )  # the last ones are in their place too


def test_wide_padding_changes_nothing(engine: Engine) -> None:
    rows = messages(9, 14)
    narrow = TokenBatch.of(rows)
    wide = TokenBatch(np.pad(narrow.ids, ((0, 0), (0, 60))), narrow.lengths)
    assert (engine.run(narrow) == engine.run(wide)).all()


def test_no_rows_make_no_vectors(engine: Engine) -> None:
    empty = TokenBatch(np.zeros((0, 1), np.int32), np.zeros(0, np.int32))
    assert engine.run(empty).shape == (0, engine.dimension)


@pytest.mark.parametrize("length", [0, 129])
def test_a_row_of_wrong_length_is_refused(engine: Engine, length: int) -> None:
    batch = TokenBatch(np.ones((1, 200), np.int32), np.array([length], np.int32))
    with pytest.raises(EngineError, match="1 to 128 tokens"):
        engine.run(batch)


def test_padding_is_counted(engine: Engine) -> None:
    assert engine.padded_tokens([10, 60]) >= 70
    assert engine.padded_tokens([]) == 0
    assert engine.shapes


def test_a_call_has_its_cost(engine: Engine) -> None:
    assert engine.cost.token_seconds > 0
    assert engine.cost.seconds(256) > engine.cost.seconds(64) > 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "simulated"])
def test_no_cost_is_known_before_it_is_measured(kind: str, model_dir: Path) -> None:
    with pytest.raises(EngineError, match="not warm"):
        _ = make(kind, model_dir).cost


@pytest.mark.parametrize("kind", KINDS)
def test_a_cold_engine_refuses_to_run(kind: str, model_dir: Path) -> None:
    with pytest.raises(EngineError, match="not warm"):
        make(kind, model_dir).run(TokenBatch.of([[1]]))


def sentences(length: int) -> list[list[int]]:
    reference = committed_reference()
    batch = reference.batch
    words = [
        int(id_)
        for ids, end in zip(batch.ids, batch.lengths - 1, strict=True)
        for id_ in ids[1:end]
    ]
    return [[101, *words[start : start + length - 2], 102] for start in range(0, 300, 30)]


def largest_change(engine: Engine, own: int) -> float:
    """Return how far a batch mate moves any element: alone a message lies on a narrower row."""
    (other,) = messages((64 if own < 64 else 128) - own)
    pairs = (
        (engine.run(TokenBatch.of([message]))[0], engine.run(TokenBatch.of([message, other]))[0])
        for message in sentences(own)
    )
    return max(float(np.abs(alone - together).max()) for alone, together in pairs)


LENGTHS = (9, 16, *range(17, 32), 33, 36, 44, 48, 60, 65, 96)


@pytest.mark.parametrize("kind", INT8)
@pytest.mark.parametrize("own", LENGTHS)
def test_a_row_of_another_width_changes_no_vector(model_dir: Path, kind: str, own: int) -> None:
    assert largest_change(warmed(kind, model_dir), own) <= ROUNDING


@settings(max_examples=25)
@given(
    kind=st.sampled_from(INT8),
    own=st.integers(3, 128),
    before=st.lists(st.integers(3, 128), max_size=20),
    after=st.lists(st.integers(3, 128), max_size=20),
)
def test_batch_mates_do_not_change_an_answer(
    model_dir: Path, kind: str, own: int, before: list[int], after: list[int]
) -> None:
    engine = warmed(kind, model_dir)
    (message,) = messages(own)
    (alone,) = engine.run(TokenBatch.of([message]))
    together = engine.run(TokenBatch.of([*messages(*before), message, *messages(*after)]))
    assert np.abs(alone - together[len(before)]).max() <= ROUNDING


WITHOUT_AVX512 = """
import sys
from pathlib import Path
from tests.contract.test_engine import LENGTHS, largest_change, warmed
engine = warmed(sys.argv[2], Path(sys.argv[1]))
print(max(largest_change(engine, own) for own in LENGTHS))
"""


@pytest.mark.parametrize(
    ("kind", "package"), [("litert-int8", LITERT), ("onnx-int8", ONNX_RUNTIME)]
)
def test_batch_mates_change_no_vector_without_avx512(
    model_dir: Path, tmp_path: Path, kind: str, package: str
) -> None:
    """The same promise on a processor with AVX2 alone; one that is it already runs this twice."""
    if not hide_avx512(tmp_path, package):
        pytest.skip("this build of the runtime, or this processor, asks for no registers")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_AVX512, str(model_dir), kind],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) <= ROUNDING

"""Does a built model give the vectors it must? Parity of each engine with the reference."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.errors import EngineError
from workers.engines import layout
from workers.engines.cost import CostModel
from workers.engines.engine import Engine, TokenBatch
from workers.engines.layout import EncoderName
from workers.engines.litert import LiteRtEngine
from workers.engines.manifest import Manifest, damaged_files, read_manifest
from workers.engines.onnxruntime import OnnxEngine
from workers.engines.select import tensorflow_installed
from workers.engines.tensorflow import CPU, TensorFlowEngine, load_tensorflow
from workers.modelling.encoder.profile import Speed, measure
from workers.modelling.encoder.reference import Reference, reference_for, token_rows

MAX_FLOAT_DIFFERENCE = 1e-5
MIN_INT8_COSINE = 0.99
MIN_BATCH_INVARIANCE_COSINE = 0.9999

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Parity:
    """How far one engine is from the reference, and a row in a batch from the same row alone."""

    engine: str
    encoder: EncoderName
    max_difference: float
    mean_cosine: float
    min_cosine: float
    batch_invariance_cosine: float
    passed: bool


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All that `check_model` found; `ok` if a worker may use this model."""

    model_dir: Path
    source: str
    reference: str
    damaged: tuple[str, ...] = ()
    wrong_tokens: tuple[str, ...] = ()
    parities: tuple[Parity, ...] = ()
    speeds: tuple[Speed, ...] = ()
    skipped: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Return whether files, tokenizer and every engine are as they must be."""
        return not (self.damaged or self.wrong_tokens) and all(
            parity.passed for parity in self.parities
        )


def check_model(
    model_dir: Path,
    threads: int = 1,
    rounds: int = 10,
    progress: Progress = lambda _stage, _fraction: None,
) -> CheckReport:
    """Compare every engine with the reference and time it on each of its shapes.

    `rounds` 0 leaves the timing out. Raises ModelError if there is no model, EngineError if
    an engine does not start. Loads TensorFlow if it is installed.
    """
    manifest = read_manifest(model_dir)
    progress("reading files", 0.0)
    damaged = tuple(damaged_files(model_dir, manifest))
    reference = reference_for(model_dir, manifest)
    report = CheckReport(model_dir, manifest.source.name, reference.origin, damaged)
    if damaged:
        return report
    parities, speeds = [], []
    engines = list(_engines(model_dir, manifest, threads))
    for done, (encoder, engine) in enumerate(engines):
        progress(f"{encoder}: {engine.name}", (done + 1) / (len(engines) + 1))
        engine.warm()
        parities.append(compare(engine, encoder, reference))
        speeds += measure(engine, encoder, threads, rounds) if rounds else []
    progress("done", 1.0)
    return CheckReport(
        model_dir,
        manifest.source.name,
        reference.origin,
        damaged,
        _wrong_tokens(model_dir, reference),
        tuple(parities),
        tuple(speeds),
        () if tensorflow_installed() else ("tensorflow: not installed",),
    )


def compare(engine: Engine, encoder: EncoderName, reference: Reference) -> Parity:
    """Run the reference texts together and one by one."""
    batch = reference.batch
    vectors = engine.run(batch)
    expected = reference.vectors[encoder]
    alone = np.concatenate(
        [
            engine.run(TokenBatch(batch.ids[row : row + 1, :length], batch.lengths[row : row + 1]))
            for row, length in enumerate(batch.lengths)
        ]
    )
    cosines, invariance = cosine(vectors, expected), cosine(vectors, alone)
    difference = float(np.abs(vectors - expected).max())
    near = (
        float(cosines.mean()) >= MIN_INT8_COSINE
        if engine.name.endswith("int8")
        else difference <= MAX_FLOAT_DIFFERENCE
    )
    return Parity(
        engine.name,
        encoder,
        difference,
        float(cosines.mean()),
        float(cosines.min()),
        float(invariance.min()),
        near and float(invariance.min()) >= MIN_BATCH_INVARIANCE_COSINE,
    )


def cosine(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine of each pair of rows."""
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    cosines: NDArray[np.float32] = (left * right).sum(1) / lengths
    return cosines


class SavedModelRunner:
    """The SavedModel's documented `serving_default` signature as an engine, for the check alone."""

    name = "saved-model"
    shapes = layout.LITERT_SHAPES

    def __init__(self, model_dir: Path, encoder: EncoderName, threads: int, dimension: int) -> None:
        self.dimension = dimension
        self._path = layout.saved_model(model_dir, encoder)
        self._threads = threads
        self._model: Any = None
        self._device: Any = None

    def warm(self) -> None:
        """Load it."""
        try:
            tf = load_tensorflow(self._threads)
            self._device = tf.device
            with tf.device(CPU):
                self._model = tf.saved_model.load(str(self._path))
        except Exception as error:
            raise EngineError(f"{self._path} cannot be loaded: {error}") from error

    @property
    def cost(self) -> CostModel:
        """Refuse: every batch size would have a cost of its own."""
        raise EngineError("the SavedModel as it is has no cost model")

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return rows × the longest."""
        return len(lengths) * max(lengths)

    def run(self, batch: TokenBatch) -> NDArray[np.float32]:
        """Run a padded batch as it is."""
        run = self._model.signatures["serving_default"]
        with self._device(CPU):
            vectors: NDArray[np.float32] = run(ids=batch.ids, lengths=batch.lengths)[
                "vectors"
            ].numpy()
        return vectors


def _engines(
    model_dir: Path, manifest: Manifest, threads: int
) -> Iterator[tuple[EncoderName, Engine]]:
    for encoder in manifest.encoders:
        yield encoder, LiteRtEngine(model_dir, encoder, threads)
        if layout.onnx(model_dir, encoder).exists():
            yield encoder, OnnxEngine(model_dir, encoder, threads)
        if layout.fp32(model_dir, encoder).exists():
            yield encoder, LiteRtEngine(model_dir, encoder, threads, int8=False)
        if tensorflow_installed():
            yield encoder, SavedModelRunner(model_dir, encoder, threads, manifest.hidden_size)
            yield encoder, TensorFlowEngine(model_dir, encoder, threads)


def _wrong_tokens(model_dir: Path, reference: Reference) -> tuple[str, ...]:
    batch = reference.batch
    expected = [row[:length].tolist() for row, length in zip(batch.ids, batch.lengths, strict=True)]
    rows = token_rows(model_dir, reference.texts)
    pairs = zip(reference.texts, rows, expected, strict=True)
    return tuple(text for text, row, wanted in pairs if row != wanted)

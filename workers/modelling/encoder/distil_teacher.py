"""A teacher's vectors: any built answer encoder, read once and kept on disk in parts."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.engines.manifest import read_manifest
from workers.engines.select import select_engine
from workers.knowledge.encoder import Encoder, EngineEncoder, encode
from workers.preprocessing.preprocessor import Preprocessor
from workers.preprocessing.tokens import Tokenizer

Floats = NDArray[np.float32]

_PART = 1024  # texts a file: what a run that is cut off may lose
_SAMPLE = 64


def open_teacher(model_dir: Path, threads: int) -> EngineEncoder:
    """Warm the answer encoder of a built model. Raises ModelError or EngineError."""
    engine = select_engine("auto", model_dir, "answer", threads)
    engine.warm()
    preprocessor = Preprocessor(Tokenizer.load(model_dir))
    return EngineEncoder(engine, preprocessor, read_manifest(model_dir).digest)


def teacher_vectors(
    teacher: Encoder, texts: Sequence[str], folder: Path, progress: Callable[[float], None]
) -> Floats:
    """Return vectors [texts, dimension]; parts that lie in `folder` are not computed again."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for first in range(0, len(texts), _PART):
        path = folder / f"{first:09}.npy"
        if not path.exists():
            _write(path, encode(teacher, texts[first : first + _PART]))
        parts.append(np.load(path).astype(np.float32))
        progress(min(1.0, (first + _PART) / len(texts)))
    return np.concatenate(parts)


def seconds_per_text(teacher: Encoder, texts: Sequence[str]) -> float:
    """Measure a teacher on some of the texts, taken evenly."""
    sample = texts[:: max(1, len(texts) // _SAMPLE)][:_SAMPLE]
    began = time.perf_counter()
    encode(teacher, sample)
    return (time.perf_counter() - began) / len(sample)


def _write(path: Path, vectors: Floats) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.save(file, vectors.astype(np.float16))
    partial.replace(path)

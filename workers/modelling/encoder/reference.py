"""Vectors that every engine must reproduce: committed ones, or computed in numpy."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.errors import ModelError
from workers.engines import layout
from workers.engines.engine import TokenBatch
from workers.engines.layout import EncoderName
from workers.engines.manifest import Manifest
from workers.modelling.encoder.delta import STUDENT
from workers.modelling.encoder.numpy_bert import mean_vectors
from workers.modelling.encoder.weights import PACKAGE_SHA256, Source, load_weights, read_config

COMMITTED = Path(__file__).with_name("reference.npz")
COMMITTED_TONE_LAYERS = 2


@dataclass(frozen=True, slots=True)
class Reference:
    """Texts, their token ids, and the vectors that each encoder must give for them."""

    origin: str
    texts: tuple[str, ...]
    batch: TokenBatch
    vectors: dict[EncoderName, NDArray[np.float32]]


def reference_for(model_dir: Path, manifest: Manifest) -> Reference:
    """Return committed vectors if the weights are the shipped ones, else compute them.

    Computing needs the folder that the model was built from; ModelError if it is gone.
    """
    committed = committed_reference()
    tone = manifest.encoders["tone"].layers
    weights = (manifest.source.sha256, manifest.source.delta_sha256)
    if weights == (PACKAGE_SHA256, STUDENT.sha256) and tone == COMMITTED_TONE_LAYERS:
        return committed
    return computed_reference(model_dir, manifest, committed.texts)


def committed_reference() -> Reference:
    """Read the vectors that torch and transformers gave (make_reference.py)."""
    with np.load(COMMITTED, allow_pickle=False) as arrays:
        return Reference(
            origin="torch",
            texts=tuple(str(text) for text in arrays["texts"]),
            batch=TokenBatch(arrays["ids"], arrays["lengths"]),
            vectors={encoder: arrays[encoder] for encoder in layout.ENCODERS},
        )


def computed_reference(model_dir: Path, manifest: Manifest, texts: tuple[str, ...]) -> Reference:
    """Compute vectors in numpy from the source's own weights."""
    record = manifest.source
    delta = STUDENT if record.delta_sha256 else None
    source = Source(record.name, Path(record.folder), record.sha256, delta)
    if not source.folder.is_dir():
        raise ModelError(f"the weights this model was built from are gone: {source.folder}")
    config = read_config(source)
    weights = load_weights(source, config)
    rows = token_rows(model_dir, texts)
    vectors: dict[EncoderName, NDArray[np.float32]] = {}
    for encoder in layout.ENCODERS:
        built = manifest.encoders[encoder]
        means = mean_vectors(config, weights, rows, built.layers)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        vectors[encoder] = means / lengths if built.normalised else means
    return Reference("numpy", texts, TokenBatch.of(rows), vectors)


def token_rows(model_dir: Path, texts: tuple[str, ...]) -> list[list[int]]:
    """Encode texts with the built model's tokenizer."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_dir / layout.TOKENIZER))
    tokenizer.enable_truncation(layout.MAX_TOKENS)
    return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]

"""Vectors that every engine must reproduce: committed ones, or computed in numpy."""

from collections.abc import Mapping
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
from workers.modelling.encoder.large import LARGE
from workers.modelling.encoder.numpy_bert import mean_vectors
from workers.modelling.encoder.weights import PACKAGE_SHA256, Source, load_weights, read_config

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Committed:
    """A file of vectors, and the model that it is for."""

    path: Path
    weights: str
    layers: Mapping[EncoderName, int]

    def is_for(self, manifest: Manifest) -> bool:
        """Return whether these vectors are those of a built model."""
        layers = {name: encoder.layers for name, encoder in manifest.encoders.items()}
        return (manifest.source.identity, layers) == (self.weights, self.layers)


COMMITTED = Committed(
    _HERE / "reference.npz", f"{PACKAGE_SHA256}+{STUDENT.sha256}", {"answer": 6, "tone": 2}
)
COMMITTED_LARGE = Committed(_HERE / "reference-large.npz", LARGE.sha256, {"answer": LARGE.layers})


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
    for committed in (COMMITTED, COMMITTED_LARGE):
        if committed.is_for(manifest):
            return committed_reference(committed)
    return computed_reference(model_dir, manifest, committed_reference().texts)


def committed_reference(committed: Committed = COMMITTED) -> Reference:
    """Read the vectors that torch and transformers gave (make_reference.py)."""
    with np.load(committed.path, allow_pickle=False) as arrays:
        return Reference(
            origin="torch",
            texts=tuple(str(text) for text in arrays["texts"]),
            batch=TokenBatch(arrays["ids"], arrays["lengths"]),
            vectors={encoder: arrays[encoder] for encoder in committed.layers},
        )


def computed_reference(model_dir: Path, manifest: Manifest, texts: tuple[str, ...]) -> Reference:
    """Compute vectors in numpy from the source's own weights."""
    source = recorded_source(manifest)
    config = read_config(source)
    weights = load_weights(source, config)
    rows = token_rows(model_dir, texts)
    vectors: dict[EncoderName, NDArray[np.float32]] = {}
    for encoder, built in manifest.encoders.items():
        means = mean_vectors(config, weights, rows, built.layers)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        vectors[encoder] = means / lengths if built.normalised else means
    return Reference("numpy", texts, TokenBatch.of(rows), vectors)


def recorded_source(manifest: Manifest) -> Source:
    """Return the source that a model was built from; ModelError if it is gone."""
    record = manifest.source
    delta = STUDENT if record.delta_sha256 else None
    source = Source(record.name, Path(record.folder), record.sha256, delta)
    if not source.folder.is_dir():
        raise ModelError(f"the weights this model was built from are gone: {source.folder}")
    return source


def token_rows(model_dir: Path, texts: tuple[str, ...]) -> list[list[int]]:
    """Encode texts with the built model's tokenizer."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_dir / layout.TOKENIZER))
    tokenizer.enable_truncation(layout.MAX_TOKENS)
    return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]

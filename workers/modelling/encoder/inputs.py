"""What decides the outcome of a build, as one digest: an equal one needs no second build."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from workers.engines import layout, packing
from workers.engines.layout import EncoderName
from workers.engines.manifest import SCHEMA
from workers.modelling.encoder.weights import TEXT_FILES

_HERE = Path(__file__).parent
_CODE = (
    *(
        _HERE / f"{name}.py"
        for name in (
            *("arranged", "bert", "delta", "distances", "export", "mpnet"),
            *("onnx_graph", "onnx_nodes", "tokens", "weights"),
        )
    ),
    Path(layout.__file__),
    Path(packing.__file__),
)


def description_digest(folder: Path) -> str:
    """Hash what describes the weights of a folder in Hugging Face layout."""
    digest = hashlib.sha256()
    for name in TEXT_FILES:
        path = folder / name
        digest.update(name.encode() + (path.read_bytes() if path.exists() else b""))
    return digest.hexdigest()


def inputs_digest(description: str, weights: str, layers: Mapping[EncoderName, int]) -> str:
    """Hash all that decides what a build writes: weights, description, code, converters.

    `weights`: their identity, as `SourceRecord` has it.
    """
    recipe = f"{SCHEMA} {weights} {description} {sorted(layers.items())}"
    digest = hashlib.sha256(recipe.encode())
    for path in _CODE:
        digest.update(path.read_bytes())
    digest.update(_converter().encode())
    return digest.hexdigest()


def _converter() -> str:
    for name in ("tensorflow-cpu", "tensorflow"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "none"

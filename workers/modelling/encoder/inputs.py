"""What decides the outcome of a build, as one digest: an equal one needs no second build."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from workers.engines import layout, packing
from workers.engines.layout import EncoderName
from workers.engines.manifest import SCHEMA
from workers.modelling.encoder.weights import TEXT_FILES, Source

_HERE = Path(__file__).parent
_CODE = (
    *(_HERE / name for name in ("bert.py", "delta.py", "export.py", "tokens.py", "weights.py")),
    Path(layout.__file__),
    Path(packing.__file__),
)


def inputs_digest(source: Source, sha256: str, layers: Mapping[EncoderName, int]) -> str:
    """Hash all that decides what a build writes: weights, description, code, converters."""
    delta = source.delta.sha256 if source.delta else None
    digest = hashlib.sha256(f"{SCHEMA} {sha256} {delta} {sorted(layers.items())}".encode())
    for name in TEXT_FILES:
        path = source.folder / name
        digest.update(name.encode() + (path.read_bytes() if path.exists() else b""))
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

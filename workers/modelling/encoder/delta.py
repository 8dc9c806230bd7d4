"""What the distilled student's weights add to the pinned ones, in whole steps of a byte.

The file is a zlib stream of a safetensors file: each tensor as int8, and beside it, under
`NAME.step`, the size of one step. Steps are half of the differences' root mean square: see
docs/model-card.md for what that costs. Rows of words that no training text held are all zero.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.errors import ModelError
from workers.engines.files import file_sha256, read_file

STEPS_PER_RMS = 2.0
_STEP = ".step"
_MOST = 127  # of an int8

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Delta:
    """A file of differences; `sha256` is what it must hash to."""

    path: Path
    sha256: str

    def add_to(self, weights: Mapping[str, Floats]) -> dict[str, Floats]:
        """Return the weights with the differences added; ModelError if the file is not the one."""
        digest = file_sha256(self.path)
        if digest != self.sha256:
            raise ModelError(
                f"{self.path} is not the pinned file: its sha256 is {digest}, not {self.sha256}"
            )
        return dict(weights) | unpack(read_file(self.path), weights)


STUDENT = Delta(
    Path(__file__).with_name("student.delta"),
    "5d29f33720c7065e2de54914a1d6a32e8bda2ec19a76603bb711a65b93756e00",
)


def pack(original: Mapping[str, Floats], student: Mapping[str, Floats]) -> bytes:
    """Return what `unpack` adds to the original's tensors; equal weights give equal bytes."""
    from safetensors.numpy import save

    tensors: dict[str, NDArray[np.float32] | NDArray[np.int8]] = {}
    for name, value in sorted(original.items()):
        difference = student[name] - value
        step = _step(difference)
        if step:
            tensors[name] = np.rint(difference / step).astype(np.int8)
            tensors[f"{name}{_STEP}"] = np.array([step], np.float32)
    # Runs of zeros are all that repeats: a search for other matches costs time and bytes.
    compressor = zlib.compressobj(9, strategy=zlib.Z_RLE)
    return compressor.compress(save(tensors)) + compressor.flush()


def unpack(content: bytes, original: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return those tensors of the original that differ, with their differences added."""
    from safetensors.numpy import load

    tensors = load(zlib.decompress(content))
    steps = {name: value for name, value in tensors.items() if not name.endswith(_STEP)}
    return {
        name: original[name] + value.astype(np.float32) * tensors[f"{name}{_STEP}"]
        for name, value in steps.items()
    }


def _step(difference: Floats) -> np.float32:
    rms = np.sqrt(np.mean(np.square(difference, dtype=np.float64)))
    return np.float32(max(rms / STEPS_PER_RMS, np.abs(difference).max() / _MOST))

"""The trained part: a small network from an encoder's vector and the cues to emotions."""

import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np

from shared.errors import ModelError
from workers.softmax import softmax
from workers.tone.cues import CUES, FloatArray
from workers.tone.emotions import EMOTIONS


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """One hidden layer of rectified units; inputs are [vector, cues], outputs EMOTIONS.

    `encoder` identifies the encoder whose vectors it was trained on.
    """

    hidden_weights: FloatArray  # [dimension + cues, units]
    hidden_bias: FloatArray
    output_weights: FloatArray  # [units, emotions]
    output_bias: FloatArray
    encoder: str

    @property
    def dimension(self) -> int:
        """Return the length of the vectors that this head was trained on."""
        return len(self.hidden_weights) - len(CUES)

    def emotions(self, vectors: FloatArray, cues: FloatArray) -> FloatArray:
        """Return probabilities [rows, emotions]; each row sums to 1, whatever its neighbours."""
        inputs = np.concatenate([vectors, cues], axis=1)
        units = np.maximum(inputs @ self.hidden_weights + self.hidden_bias, 0)
        return softmax(units @ self.output_weights + self.output_bias)

    def save(self, path: Path) -> None:
        """Write the arrays, without pickle."""
        np.savez_compressed(
            path, **{field.name: getattr(self, field.name) for field in fields(self)}
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the arrays; ModelError names a file that cannot serve."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                loaded = {field.name: arrays[field.name] for field in fields(cls)}
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ModelError(f"{path} is not a tone head that can be read: {error}") from error
        head = cls(**loaded | {"encoder": str(loaded["encoder"])})
        if head.output_bias.shape != (len(EMOTIONS),):
            raise ModelError(f"{path} was trained for other emotions: run `parley tone train`.")
        return head

"""The trained part: a small network from an encoder's vector and the cues to emotions."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Self

import numpy as np

from shared.errors import ModelError
from workers.softmax import softmax
from workers.tone.cues import CUES, FloatArray
from workers.tone.emotions import EMOTIONS, LABELS, TONE_OF, Label


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """One hidden layer of rectified units; inputs are [vector, cues], outputs EMOTIONS.

    `tone_shares` is the share of each of LABELS in what it was trained on, by weight; `encoder`
    identifies the encoder whose vectors it was trained on.
    """

    hidden_weights: FloatArray  # [dimension + cues, units]
    hidden_bias: FloatArray
    output_weights: FloatArray  # [units, emotions]
    output_bias: FloatArray
    tone_shares: FloatArray
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

    def with_prior(self, prior: Mapping[Label, float]) -> "Head":
        """Return the head for a place where the tones are as common as `prior` says.

        All emotions of a tone move alike: only the odds between the tones change.
        """
        shift = {
            label: np.log(prior[label] / share)
            for label, share in zip(LABELS, self.tone_shares, strict=True)
        }
        shifts = np.array([shift[TONE_OF[emotion]] for emotion in EMOTIONS], np.float32)
        return replace(self, output_bias=self.output_bias + shifts)

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

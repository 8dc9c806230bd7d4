"""Judge the tone of messages: VADER's cues and an encoder's vectors through a trained head."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self

import numpy as np

from shared.errors import ModelError
from shared.jobs import Tone
from workers.tone.cues import CUES, CueReader, FloatArray
from workers.tone.emotions import EMOTIONS, LABELS, TONE_OF
from workers.tone.head import Head

HEAD = Path(__file__).with_name("head.npz")
_LABEL_SUMS = np.array([[TONE_OF[name] == label for label in LABELS] for name in EMOTIONS], "f4")
_DIGITS = 3
_COMPOUND = CUES.index("compound")
_VADER_THRESHOLD = 0.05  # VADER's own


class Classifier(Protocol):
    """Judges the tone of messages; a tone does not depend on the other rows."""

    def classify(self, texts: Sequence[str], vectors: FloatArray) -> list[Tone]:
        """Judge clean texts by their `vectors` [rows, dimension] from the tone encoder."""


class ToneClassifier:
    """Give each message a label, its probability, and the emotions behind it."""

    def __init__(self, head: Head, cue_reader: CueReader) -> None:
        self._head = head
        self._cue_reader = cue_reader

    @classmethod
    def load(cls, path: Path = HEAD) -> Self:
        """Read the trained head. Raises ModelError."""
        return cls(Head.load(path), CueReader())

    def classify(self, texts: Sequence[str], vectors: FloatArray) -> list[Tone]:
        """Judge by cues and vectors. Raises ModelError for vectors of another length."""
        if vectors.shape != (len(texts), self._head.dimension):
            raise ModelError(
                f"The tone head reads vectors of {self._head.dimension}, not {vectors.shape[-1]}: "
                "train one for this encoder with `parley tone train`."
            )
        emotions = self._head.emotions(vectors, self._cue_reader.read(texts))
        scores = np.round((emotions @ _LABEL_SUMS).astype(np.float64), _DIGITS)
        return [
            Tone(LABELS[label], float(row[label]), dict(zip(EMOTIONS, finer, strict=True)))
            for row, label, finer in zip(
                scores,
                scores.argmax(axis=1),
                np.round(emotions.astype(np.float64), _DIGITS).tolist(),
                strict=True,
            )
        ]


class LexiconClassifier:
    """Judge by VADER's lexicon alone: for encoders that no head was trained on."""

    def __init__(self, cue_reader: CueReader) -> None:
        self._cue_reader = cue_reader

    def classify(self, texts: Sequence[str], vectors: FloatArray) -> list[Tone]:
        """Judge by the words; the vectors do not count, and there are no finer emotions."""
        return [_lexicon_tone(float(row[_COMPOUND])) for row in self._cue_reader.read(texts)]


def _lexicon_tone(compound: float) -> Tone:
    strength = round((1 + abs(compound)) / 2, _DIGITS)
    if abs(compound) < _VADER_THRESHOLD:
        return Tone("neutral", strength)
    return Tone("positive" if compound > 0 else "negative", strength)

"""What the wording itself says about tone: VADER's lexicon scores, and how loudly it is said."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

FloatArray: TypeAlias = NDArray[np.float32]

CUES = ("negative", "neutral", "positive", "compound", "exclaimed", "asked", "shouted")
_MAX_MARKS = 3
_MIN_SHOUTED_WORD = 3


class CueReader:
    """Measure the cues of clean texts (about 20 µs each)."""

    def __init__(self) -> None:
        self._vader = SentimentIntensityAnalyzer()

    def read(self, texts: Sequence[str]) -> FloatArray:
        """Return cues [rows, len(CUES)], in the order of `CUES`."""
        rows = [self._cues(text) for text in texts]
        return np.array(rows, np.float32).reshape(len(rows), len(CUES))

    def _cues(self, text: str) -> tuple[float, ...]:
        scores = self._vader.polarity_scores(text)
        return (
            scores["neg"],
            scores["neu"],
            scores["pos"],
            scores["compound"],
            min(text.count("!"), _MAX_MARKS) / _MAX_MARKS,
            min(text.count("?"), _MAX_MARKS) / _MAX_MARKS,
            _shouted_share(text),
        )


def _shouted_share(text: str) -> float:
    if text.islower():
        return 0.0
    words = [w for w in text.split() if len(w) >= _MIN_SHOUTED_WORD and w.isalpha()]
    return sum(map(str.isupper, words)) / len(words) if words else 0.0

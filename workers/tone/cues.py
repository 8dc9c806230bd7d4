"""What the wording itself says about tone: VADER's scores, words by group, and how it is said."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import yaml
from numpy.typing import NDArray
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

FloatArray: TypeAlias = NDArray[np.float32]

LEXICON = Path(__file__).with_name("lexicon.yaml")
GROUPS = (
    *("swearing", "sighs", "repetition", "waiting", "faults", "nothing", "negation"),
    *("thanks", "praise", "blame", "courtesy", "addressee", "self", "insistence"),
)
CUES = (
    *("negative", "neutral", "positive", "compound", "exclaimed", "asked", "shouted"),
    *GROUPS,
    *("question", "reproach", "kind_in_trouble", "kind", "trouble_asked"),
    *("trailing", "length", "tagged", "ends_asking"),
)
_MAX_COUNT = 3
_MAX_WORDS = 40
_MIN_SHOUTED_WORD = 3
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_GREETINGS = frozenset({"hi", "hello", "hey"})
_QUESTION_WORDS = frozenset(
    {"how", "what", "when", "where", "which", "who", "can", "could", "may", "will", "would"}
    | {"do", "does", "did", "is", "are", "am", "was", "has", "have", "should"}
)
_KIND = [GROUPS.index(name) for name in ("thanks", "praise")]
_TROUBLE = [GROUPS.index(name) for name in ("faults", "waiting", "repetition", "nothing")]


class CueReader:
    """Measure the cues of clean texts (about 35 µs each, 27 of them VADER's)."""

    def __init__(self, lexicon: Path = LEXICON) -> None:
        self._vader = SentimentIntensityAnalyzer()
        self._groups = _read_groups(lexicon)

    def read(self, texts: Sequence[str]) -> FloatArray:
        """Return cues [rows, len(CUES)], in the order of `CUES`."""
        rows = [(*self._vader_scores(text), *_marks(text), *self._words(text)) for text in texts]
        return np.array(rows, np.float32).reshape(len(rows), len(CUES))

    def _vader_scores(self, text: str) -> tuple[float, ...]:
        scores = self._vader.polarity_scores(text)
        return scores["neg"], scores["neu"], scores["pos"], scores["compound"]

    def _words(self, text: str) -> tuple[float, ...]:
        words = _WORD.findall(text.lower())
        counts = [0] * len(GROUPS)
        for word in words:
            group = self._groups.get(word)
            if group is not None:
                counts[group] += 1
        first = next((word for word in words if word not in _GREETINGS), "")
        kind = any(counts[group] for group in _KIND)
        trouble = any(counts[group] for group in _TROUBLE)
        return (
            *(min(count, _MAX_COUNT) / _MAX_COUNT for count in counts),
            first in _QUESTION_WORDS,
            first == "why",
            kind and trouble,  # thanks for nothing
            kind and not trouble,
            trouble and "?" in text,
            "..." in text,
            min(len(words), _MAX_WORDS) / _MAX_WORDS,
            "#" in text,
            text.endswith("?"),
        )


def _read_groups(path: Path) -> Mapping[str, int]:
    words_by_group = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {word: GROUPS.index(name) for name, words in words_by_group.items() for word in words}


def _marks(text: str) -> tuple[float, ...]:
    return (
        min(text.count("!"), _MAX_COUNT) / _MAX_COUNT,
        min(text.count("?"), _MAX_COUNT) / _MAX_COUNT,
        _shouted_share(text),
    )


def _shouted_share(text: str) -> float:
    if text.islower():
        return 0.0
    words = [w for w in text.split() if len(w) >= _MIN_SHOUTED_WORD and w.isalpha()]
    return sum(map(str.isupper, words)) / len(words) if words else 0.0

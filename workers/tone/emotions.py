"""The emotions that a message is judged by, and the tone that each belongs to."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Label = Literal["negative", "neutral", "positive"]

LABELS: tuple[Label, ...] = ("negative", "neutral", "positive")

TONE_OF: Mapping[str, Label] = MappingProxyType(
    {
        "calm": "neutral",
        "confused": "neutral",
        "worried": "negative",
        "disappointed": "negative",
        "frustrated": "negative",
        "angry": "negative",
        "happy": "positive",
        "grateful": "positive",
    }
)
EMOTIONS: tuple[str, ...] = tuple(TONE_OF)


def leading_emotion(emotions: Mapping[str, float], label: str) -> str | None:
    """Return the strongest emotion of a tone label, or None if none is scored."""
    scored = [name for name in emotions if TONE_OF.get(name) == label]
    return max(scored, key=lambda name: emotions[name], default=None)

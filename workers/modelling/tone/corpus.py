"""What the head learns from: public sets that allow it, and our own examples.

No public set names all the emotions we score, so a row says which of them it *allows*: a message
labelled negative allows four, an own example exactly one.
"""

import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from workers.tone.cues import FloatArray
from workers.tone.emotions import EMOTIONS, LABELS, TONE_OF

_FOLDER = Path(__file__).parent
EXAMPLES = _FOLDER / "examples.yaml"
HELD_OUT = _FOLDER / "held_out.yaml"
DEVELOPMENT = _FOLDER / "development.yaml"
GOEMOTIONS = "goemotions"
VADER_TWEETS = "vader_tweets.jsonl"

_ALLOWED_BY_GROUP = {
    "positive": {"happy", "grateful"},
    "negative": {"worried", "disappointed", "frustrated", "angry"},
    "ambiguous": {"confused"},
    "neutral": {"calm"},
}
# A row of one group whose words name the emotion allows only that one.
_NAMED_BY = {
    "grateful": r"thank|thx|appreciate",
    "angry": r"furious|fuck|\bhate\b|pissed|\bangry|outrag|disgust|asshole|screw you",
    "worried": r"worr(?:y|ied)|scar(?:ed|y)|afraid|anxious|nervous|terrif|concern",
    "disappointed": r"\bsad|disappoint|unfortunately|regret|upset|sorry|\bmiss\b|shame|pity|\bcry",
    "frustrated": r"annoy|\bugh|(?:tired|sick) of|frustrat|ridiculous|come on|seriously",
}
_NAMED = {emotion: re.compile(pattern, re.IGNORECASE) for emotion, pattern in _NAMED_BY.items()}
_CLEAR_VALENCE, _FLAT_VALENCE = 1.0, 0.5
_FILLINGS = 12
_PAIRS = 6
_PLAIN = {"calm", "confused"}
# What may stand beside a message without changing its tone.
_BESIDE = {
    "negative": ("calm", "calm", "frustrated", "disappointed", "angry", "frustrated"),
    "neutral": ("calm",),
    "positive": ("happy", "grateful"),
}
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Messages, and the emotions that each allows: 1 or 0, [rows, EMOTIONS].

    `patterns` numbers what each message is a variant of; -1: it stands for itself.
    """

    messages: list[str]
    allowed: FloatArray
    patterns: NDArray[np.intp]

    @property
    def tones(self) -> NDArray[np.intp]:
        """Return the index in LABELS of each row's tone; -1 if it allows several."""
        tones = np.array([[TONE_OF[name] == label for label in LABELS] for name in EMOTIONS])
        may = self.allowed @ tones > 0
        return np.where(may.sum(1) == 1, may.argmax(1), -1)

    @classmethod
    def of(cls, rows: Iterable[tuple[str, set[str]]]) -> "Corpus":
        """Collect messages with the emotions that they allow."""
        return cls.of_variants((message, emotions, -1) for message, emotions in rows)

    @classmethod
    def of_variants(cls, rows: Iterable[tuple[str, set[str], int]]) -> "Corpus":
        """Collect messages with the emotions that they allow and their patterns."""
        listed = list(rows)
        allowed = [[emotion in emotions for emotion in EMOTIONS] for _, emotions, _ in listed]
        patterns = [pattern for _, _, pattern in listed]
        messages = [message for message, _, _ in listed]
        return cls(messages, np.array(allowed, np.float32), np.array(patterns, np.intp))

    @classmethod
    def joined(cls, parts: Sequence["Corpus"]) -> "Corpus":
        """Put corpora one after the other."""
        return cls(
            [message for part in parts for message in part.messages],
            np.concatenate([part.allowed for part in parts]),
            np.concatenate([part.patterns for part in parts]),
        )


def read_goemotions(folder: Path, split: str, *, narrowed: bool) -> Corpus:
    """Read a split of GoEmotions with grouped labels; `narrowed`: let words name the emotion."""
    groups = (folder / GOEMOTIONS / "labels.txt").read_text().split()
    rows = []
    for line in (folder / GOEMOTIONS / f"{split}.tsv").read_text().splitlines():
        masked, indices, _ = line.split("\t")
        named = [groups[int(index)] for index in indices.split(",")]
        message = masked.replace("[NAME]", "Sam").replace("[RELIGION]", "religion")
        allowed = set().union(*(_ALLOWED_BY_GROUP[group] for group in named))
        rows.append((message, _narrow(message, allowed) if narrowed else allowed))
    return Corpus.of(rows)


def _narrow(message: str, allowed: set[str]) -> set[str]:
    if len({TONE_OF[emotion] for emotion in allowed}) > 1:
        return allowed
    return {e for e in allowed & _NAMED.keys() if _NAMED[e].search(message)} or allowed


def read_vader_tweets(folder: Path) -> Corpus:
    """Read the tweets behind VADER, clear or flat in valence; those between are left out."""
    rows = []
    for tweet in read_json_lines(folder / VADER_TWEETS):
        valence = tweet["valence"]
        if abs(valence) >= _CLEAR_VALENCE:
            rows.append(
                (tweet["text"], _ALLOWED_BY_GROUP["positive" if valence > 0 else "negative"])
            )
        elif abs(valence) < _FLAT_VALENCE:
            rows.append((tweet["text"], {"calm", "confused"}))
    return Corpus.of(rows)


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of one JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_examples(path: Path = EXAMPLES, seed: int = 0) -> Corpus:
    """Read our own examples: each with several fillings of its slots, alone and beside another.

    Customers tell what happened before they ask or complain, so half of what is learnt from has
    two sentences. A complaint beside anything plain stays a complaint.
    """
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    slots = listed.pop("slots")
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    patterns = [(pattern, emotion) for emotion, group in listed.items() for pattern in group]
    rows = []
    for number, (pattern, emotion) in enumerate(patterns):
        alone = {_fill(pattern, slots, rng) for _ in range(_FILLINGS)}
        rows += [(message, {emotion}, number) for message in sorted(alone)]
        for _ in range(_PAIRS):
            beside = rng.choice(_BESIDE[TONE_OF[emotion]])
            other = _fill(rng.choice(listed[beside]), slots, rng)
            message = _pair(_fill(pattern, slots, rng), other, rng)
            rows.append((message, {emotion, beside} - _PLAIN or {emotion}, number))
    return Corpus.of_variants(rows)


def _pair(one: str, other: str, rng: random.Random) -> str:
    first, second = rng.sample([one, other], 2)
    if first[-1] not in ".!?":
        first += rng.choice([".", ".", ",", "...", " and", " -", ""])
    return f"{first} {second}"


def _fill(pattern: str, slots: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    message = _SLOT.sub(lambda slot: rng.choice(slots[slot[1]]), pattern)
    return rng.choice([message, message, message.lower(), message.rstrip(".!?") or message])


def read_held_out(path: Path = HELD_OUT) -> Corpus:
    """Read the sentences that training never sees."""
    sentences = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Corpus.of((text, {emotion}) for emotion, texts in sentences.items() for text in texts)


def read_development(path: Path = DEVELOPMENT) -> tuple[Corpus, list[str]]:
    """Read the messages to choose by, and the manner in which each is written."""
    tones = yaml.safe_load(path.read_text(encoding="utf-8"))
    rows = [
        (text, tone, manner)
        for tone, manners in tones.items()
        for manner, texts in manners.items()
        for text in texts
    ]
    of_tone = {label: {name for name in EMOTIONS if TONE_OF[name] == label} for label in LABELS}
    messages = Corpus.of((text, of_tone[tone]) for text, tone, _ in rows)
    return messages, [manner for _, _, manner in rows]

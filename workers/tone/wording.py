"""Adapt an answer's wording to the tone: empathy for the upset, lightness for the happy."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from zlib import crc32

import yaml

from shared.jobs import Tone
from workers.tone.emotions import TONE_OF, leading_emotion

OPENERS = Path(__file__).with_name("openers.yaml")
_MIN_SCORE, _STRONG_SCORE = 0.6, 0.8  # below the least, a plain answer is the safe one
_MAX_ANGER = 0.15  # probability of a negative emotion with which one may still be cheerful
_KINDS_BY_TONE = {
    "negative": frozenset({"answer", "recall", "clarify", "handover", "fallback"}),
    "positive": frozenset({"answer", "recall", "clarify"}),
}
_OFFER = "offer"
_MARKDOWN_BLOCK = re.compile(r"[#>|*+`-]|\d+[.)]\s")


@dataclass(frozen=True, slots=True)
class Opener:
    """A sentence before an answer, or after it (tone `offer`); openers.yaml says what fits when."""

    id: str
    tone: str
    text: str
    emotions: frozenset[str] = frozenset()
    strong: bool = False
    leads: bool = False
    gentle: bool = False


class Wording:
    """Choose how a reply opens; the same inputs always give the same words."""

    def __init__(self, openers: Sequence[Opener]) -> None:
        self._openers = tuple(openers)
        self._for_the_upset = frozenset(each.id for each in openers if each.tone == "negative")

    @classmethod
    def load(cls, path: Path = OPENERS) -> Self:
        """Read the stock of openers."""
        stock = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls([_opener(tone, row) for tone, rows in stock.items() for row in rows])

    def adapt(
        self,
        answer: str,
        tones: Mapping[str, str],
        tone: Tone | None,
        used: Collection[str],
        kind: str,
        key: str = "",
    ) -> tuple[str, tuple[str, ...]]:
        """Return the text and the ids of the phrases it uses, none of them in `used`.

        The entry's own wording for the tone (`tones`) comes before an opener from the stock. A
        neutral, unknown or doubtful tone, or a stock that this conversation has used up, leaves
        the answer as it is. `key` (the job's id) spreads the choice among equally fitting phrases.
        """
        if tone is None or not is_sure(tone):
            return answer, ()
        takes_opener = kind in _KINDS_BY_TONE.get(tone.label, ())
        variant = tones.get(tone.label) if takes_opener or kind == "smalltalk" else None
        if variant and _variant_id(variant) not in used:
            return variant, (_variant_id(variant),)
        if not takes_opener:
            return answer, ()
        opener = self._choose(tone, used, kind, key)
        return (_join(opener.text, answer), (opener.id,)) if opener else (answer, ())

    def offer_person(self, used: Collection[str], key: str = "") -> tuple[str, tuple[str, ...]]:
        """Return an offer of a person and its id; nothing once all were used."""
        offers = [each for each in self._openers if each.tone == _OFFER and each.id not in used]
        chosen = _pick(offers, key)
        return (chosen.text, (chosen.id,)) if chosen else ("", ())

    def _choose(self, tone: Tone, used: Collection[str], kind: str, key: str) -> Opener | None:
        feeling = leading_emotion(tone.emotions, tone.label)
        gently = tone.label == "positive" and not self._for_the_upset.isdisjoint(used)
        fitting = [
            opener
            for opener in self._openers
            if opener.id not in used
            and _fits(opener, tone, feeling)
            and (kind == "answer" or not opener.leads)
            and (opener.gentle or not gently)
        ]
        closest = [opener for opener in fitting if opener.emotions] or fitting
        return _pick(closest, key)


def _opener(tone: str, row: Mapping[str, Any]) -> Opener:
    return Opener(
        str(row["id"]),
        tone,
        str(row["text"]),
        frozenset(row.get("for", ())),
        strong=bool(row.get("strong")),
        leads=bool(row.get("leads")),
        gentle=bool(row.get("gentle")),
    )


def is_sure(tone: Tone) -> bool:
    """Return whether a reply may be worded for a tone; a cheerful one takes more than its label."""
    if tone.score < _MIN_SCORE:
        return False
    return tone.label == "negative" or _negativity(tone) <= _MAX_ANGER


def _negativity(tone: Tone) -> float:
    return sum(p for emotion, p in tone.emotions.items() if TONE_OF.get(emotion) == "negative")


def _fits(opener: Opener, tone: Tone, feeling: str | None) -> bool:
    if opener.tone != tone.label or (opener.strong and tone.score < _STRONG_SCORE):
        return False
    return not opener.emotions or feeling in opener.emotions


def _pick(openers: Sequence[Opener], key: str) -> Opener | None:
    return min(openers, key=lambda opener: crc32(f"{key} {opener.id}".encode()), default=None)


def _variant_id(text: str) -> str:
    return f"entry-{crc32(text.encode()):08x}"


def _join(opener: str, answer: str) -> str:
    return f"{opener}{chr(10) * 2 if _MARKDOWN_BLOCK.match(answer) else ' '}{answer}"

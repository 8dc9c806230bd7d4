"""Say what a message gets: an answer, a question back, small talk, a person, or an honest no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from shared.jobs import Alternative, Answer, AnswerKind
from workers.knowledge.base import Entry
from workers.knowledge.calibration import Calibration
from workers.knowledge.head import Vectors
from workers.knowledge.index import Index

_ALTERNATIVES = 3
_CLOSE = 0.6  # a rival with this share of the best entry's chance is worth asking about
_SHARPNESS = 1.0

_FALLBACKS = (
    "I'm sorry, I don't know the answer to that. I'll pass you to a colleague who can help.",
    "That is not something I have an answer for. Let me fetch a person for you.",
    "I would only be guessing here, so I'd rather hand you over to one of our team.",
    "I can't find that in our help centre. A colleague will take it from here.",
)
_QUESTIONS_BACK = (
    "I want to get this right. Do you mean one of these?",
    "Just to be sure, which of these is it?",
    "I can think of more than one thing here. Which do you mean?",
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was found, and its plain wording (Markdown); `tones` are the entry's own others."""

    answer: Answer
    text: str
    tones: Mapping[str, str] = field(default_factory=dict)


class Responder:
    """Decide for whole batches. No row depends on the rest of its batch."""

    def __init__(
        self,
        entries: Sequence[Entry],
        index: Index,
        calibration: Calibration,
        small_talk: frozenset[str],
    ) -> None:
        self._entries = entries
        self._index = index
        self._calibration = calibration
        self._small_talk = small_talk

    def respond(self, texts: Sequence[str], vectors: Vectors) -> list[Decision]:
        """Return one decision a message, in order."""
        scores = self._index.score(vectors)
        confidences = self._calibration.confidence(scores)
        return [
            self._decide(text, scores.ranking[row], float(confidences[row]))
            for row, text in enumerate(texts)
        ]

    def _decide(self, text: str, ranking: Vectors, confidence: float) -> Decision:
        order = np.argsort(-ranking, kind="stable")[: _ALTERNATIVES + 1]
        best = self._entries[order[0]]
        shares = _shares(ranking[order]) * confidence
        rivals = [
            Alternative(entry.id, entry.question, round(float(share), 4))
            for place, share in zip(order[1:], shares[1:], strict=True)
            if (entry := self._entries[place]).id not in self._small_talk
        ]
        kind = self._kind(best, confidence, rivals)
        answer = Answer(
            kind, best.id, round(confidence, 4), _offered(kind, best, confidence, rivals)
        )
        return Decision(answer, _text(kind, best, answer, text), _tones(kind, best))

    def _kind(self, best: Entry, confidence: float, rivals: Sequence[Alternative]) -> AnswerKind:
        calibration = self._calibration
        if confidence < calibration.clarify_from:
            return "fallback"
        if best.id in self._small_talk:
            return "smalltalk"
        close = bool(rivals) and rivals[0].confidence >= _CLOSE * confidence
        if confidence < calibration.answer_from:
            return "clarify" if rivals else "fallback"
        if best.handover:
            return "handover"
        return "clarify" if close and confidence < (1 + calibration.answer_from) / 2 else "answer"


def _shares(ranking: Vectors) -> Vectors:
    powers = np.exp(_SHARPNESS * (ranking - ranking[0]))
    return np.asarray(powers / powers[0], np.float32)


def _offered(
    kind: AnswerKind, best: Entry, confidence: float, rivals: Sequence[Alternative]
) -> tuple[Alternative, ...]:
    if kind != "clarify":
        return tuple(rivals)
    first = Alternative(best.id, best.question, round(confidence, 4))
    return (first, *rivals[: _ALTERNATIVES - 1])


def _text(kind: AnswerKind, best: Entry, answer: Answer, message: str) -> str:
    spread = crc32(message.encode())
    if kind == "fallback":
        return _FALLBACKS[spread % len(_FALLBACKS)]
    if kind == "clarify":
        asked = "\n".join(f"- {offered.question}" for offered in answer.alternatives)
        return f"{_QUESTIONS_BACK[spread % len(_QUESTIONS_BACK)]}\n\n{asked}"
    return best.answer.strip()


def _tones(kind: AnswerKind, best: Entry) -> Mapping[str, str]:
    return best.tones if kind in ("answer", "smalltalk", "handover") else {}

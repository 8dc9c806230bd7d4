"""Say what a message gets: an answer, a question back, small talk, a person, or an honest no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from zlib import crc32

from shared.jobs import Alternative, Answer, AnswerKind
from workers.knowledge.base import Entry, plain
from workers.knowledge.calibration import Calibration
from workers.knowledge.head import Vectors
from workers.knowledge.index import Index

_ALTERNATIVES = 3
# Chosen on questions kept apart from the base: docs/experiments/retrieval.md.
_CLOSE = 0.6  # a rival with this share of the best entry's probability is worth asking about
_KNOWN_CONFIDENCE = 0.99  # a message that is a phrasing of the base, word for word

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
        self._known = {
            plain(text): index
            for index, entry in enumerate(entries)
            for text in entry.all_phrasings
        }

    def respond(self, texts: Sequence[str], vectors: Vectors) -> list[Decision]:
        """Return one decision a message, in order."""
        scores = self._index.score(vectors)
        confidences = self._calibration.confidence(scores).tolist()
        rows = zip(
            texts, scores.entries.tolist(), scores.ranking.tolist(), confidences, strict=True
        )
        return [self._decide(*row) for row in rows]

    def _decide(
        self, text: str, entries: list[int], ranking: list[float], confidence: float
    ) -> Decision:
        known = self._known.get(plain(text))
        if known is not None:
            entries, ranking = _put_first(known, entries, ranking)
            confidence = max(confidence, _KNOWN_CONFIDENCE)
        best = self._entries[entries[0]]
        rivals = self._rivals(entries, ranking, confidence)
        kind = self._kind(best, confidence, rivals)
        answer = Answer(
            kind, best.id, round(confidence, 4), _offered(kind, best, confidence, rivals)
        )
        return Decision(answer, _text(kind, best, answer, text), _tones(kind, best))

    def _rivals(
        self, entries: Sequence[int], ranking: Sequence[float], confidence: float
    ) -> list[Alternative]:
        rivals: list[Alternative] = []
        for index, score in zip(entries[1:], ranking[1:], strict=True):
            entry = self._entries[index]
            if entry.id not in self._small_talk and len(rivals) < _ALTERNATIVES:
                probability = min(exp(score - ranking[0]) * confidence, 1 - confidence)
                rivals.append(Alternative(entry.id, entry.question, round(probability, 4)))
        return rivals

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


def _put_first(
    known: int, entries: Sequence[int], ranking: Sequence[float]
) -> tuple[list[int], list[float]]:
    others = [pair for pair in zip(entries, ranking, strict=True) if pair[0] != known]
    return [known, *(pair[0] for pair in others)], [ranking[0], *(pair[1] for pair in others)]


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

"""Find the entries that a text may mean, each with the probability that it serves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from workers.knowledge.base import Entry, plain
from workers.knowledge.head import Indices, Vectors

_KNOWN_CONFIDENCE = 0.99  # a text that is a phrasing of the base, word for word


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry and the calibrated probability (0-1) that it serves."""

    entry: Entry
    confidence: float
    small_talk: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found for one text: candidates, best first; none for an empty base."""

    text: str
    candidates: tuple[Candidate, ...]

    @property
    def best(self) -> Candidate | None:
        """Return the best candidate."""
        return self.candidates[0] if self.candidates else None

    @property
    def confidence(self) -> float:
        """Return the probability that the best candidate serves."""
        return self.candidates[0].confidence if self.candidates else 0.0


def combine(first: Finding, second: Finding) -> Finding:
    """Return what two encoders found for one text: each entry with the mean of its chances.

    Together they rank better than the better one alone: docs/experiments/retrieval.md.
    """
    known = {each.entry.id: each for each in (*second.candidates, *first.candidates)}
    chances = dict.fromkeys(known, 0.0)
    for each in (*first.candidates, *second.candidates):
        chances[each.entry.id] += each.confidence / 2
    found = [replace(known[name], confidence=round(chance, 4)) for name, chance in chances.items()]
    ranked = sorted(found, key=lambda each: -each.confidence)
    return Finding(second.text, tuple(ranked[: len(second.candidates)]))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which confidence on an entry is answered, and from which on it is offered."""

    answer_from: float
    clarify_from: float


Places = list[int]  # of entries, best first
Chances = list[float]


class Ranked(Protocol):
    """What was found for messages."""

    @property
    def entries(self) -> Indices:
        """Return indices of entries [rows, candidates], best first."""


RankedT = TypeVar("RankedT", bound=Ranked)
RankedIn = TypeVar("RankedIn", bound=Ranked, contravariant=True)
RankedOut = TypeVar("RankedOut", bound=Ranked, covariant=True)


class Ranker(Protocol[RankedOut]):
    """Ranks entries by the vectors of messages, or by their words."""

    def score(self, vectors: Vectors, texts: Sequence[str], /) -> RankedOut:
        """Return the best entries of each message, in order."""


class Confidence(Protocol[RankedIn]):
    """Says how likely a best entry serves, and from where on it is answered or offered."""

    @property
    def answer_from(self) -> float:
        """Return the least probability of an answer."""

    @property
    def clarify_from(self) -> float:
        """Return the least probability of a question back."""

    def confidence(self, scores: RankedIn) -> Vectors:
        """Return [rows, candidates]: the probability (0-1) that each entry serves."""


class Finder:
    """Search one knowledge base for whole batches. No row depends on the rest of its batch."""

    def __init__(
        self,
        entries: Sequence[Entry],
        index: Ranker[RankedT],
        calibration: Confidence[RankedT],
        small_talk: frozenset[str],
    ) -> None:
        self._entries = entries

        def rank(texts: Sequence[str], vectors: Vectors) -> tuple[list[Places], list[Chances]]:
            scores = index.score(vectors, texts)
            return scores.entries.tolist(), calibration.confidence(scores).tolist()

        self._rank = rank
        self._small_talk = small_talk
        self.thresholds = Thresholds(calibration.answer_from, calibration.clarify_from)
        self.entries: Mapping[str, Entry] = {entry.id: entry for entry in entries}
        self._known = {
            plain(text): index
            for index, entry in enumerate(entries)
            for text in entry.all_phrasings
        }

    def find(self, texts: Sequence[str], vectors: Vectors) -> list[Finding]:
        """Return one finding a text, in order; `vectors` are [texts, dimension] of length 1."""
        entries, confidences = self._rank(texts, vectors)
        rows = zip(texts, entries, confidences, strict=True)
        return [self._finding(*row) for row in rows]

    def _finding(self, text: str, entries: list[int], confidences: list[float]) -> Finding:
        known = self._known.get(plain(text))
        if known is not None:
            entries, confidences = _put_first(known, entries, confidences)
        return Finding(text, tuple(map(self._candidate, entries, confidences)))

    def _candidate(self, index: int, confidence: float) -> Candidate:
        entry = self._entries[index]
        return Candidate(entry, round(confidence, 4), entry.id in self._small_talk)


def _put_first(
    known: int, entries: Sequence[int], confidences: Sequence[float]
) -> tuple[list[int], list[float]]:
    pairs = list(zip(entries, confidences, strict=True))
    own = max((confidence for entry, confidence in pairs if entry == known), default=0.0)
    best = max(own, _KNOWN_CONFIDENCE)
    others = [(entry, min(chance, 1 - best)) for entry, chance in pairs if entry != known]
    return [known, *(entry for entry, _ in others)], [best, *(chance for _, chance in others)]

"""Whether what a sentence claims, promises or commands is what the sources say."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from workers.voice import conduct, wording
from workers.voice.evidence import Evidence, Spot, Statement
from workers.voice.reading import Clause, Reading, Stems, is_denial

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

_LIKENESS = 0.5  # cosine of a sentence with a passage of the sources
_WORD_LIKENESS = 0.6  # cosine of a word that no source has with one that some source has
_MAX_NEW_SHARE = 0.34  # of a sentence's weight that may be such words
_FORBIDDEN_TO_GUESS = conduct.PROMISING | frozenset(wording.opposites())


class Claims:
    """Compares sentences with the evidence, by words and by vectors."""

    def __init__(self, evidence: Evidence, message: Reading, encode: Encode | None) -> None:
        self._evidence = evidence
        self._message = message.stems
        self._encode = encode
        self._known = evidence.stated | evidence.asked
        self._courtesy = frozenset(map(wording.stem_of, wording.COURTEOUS)) - self._known
        self._words = sorted(self._known)
        self._passages: NDArray[np.float32] | None = None
        self._word_vectors: NDArray[np.float32] | None = None

    def is_unfounded_promise(self, reading: Reading) -> bool:
        """Tell whether a sentence binds the speaker to what no source says."""
        for found in conduct.DEEDS.finditer(reading.text):
            verb = next(word for word in found.groups() if word)
            if not self._does(verb, found.lastgroup or ""):
                return True
        customs = (found["verb"] for found in conduct.CUSTOMS.finditer(reading.text))
        if any(
            not self._is_said(wording.stem_of(verb))
            for verb in customs
            if verb not in wording.EMPTY
        ):
            return True
        return any(stem in conduct.PROMISING and not self._is_said(stem) for stem in reading.stems)

    def _does(self, verb: str, how: str) -> bool:
        """Tell whether a source's speaker does the same, in the same person."""
        stem = wording.stem_of(verb.lower())
        return any(
            wording.stem_of(next(word for word in found.groups() if word).lower()) == stem
            and (found.lastgroup or "") == how
            for statement in self._evidence.statements
            for found in conduct.DEEDS.finditer(statement.reading.text)
        )

    def _is_said(self, stem: str) -> bool:
        return stem in self._evidence.stated

    def is_unfounded_command(self, reading: Reading) -> bool:
        """Tell whether a sentence tells the customer to do what no source says."""
        for found in conduct.COMMAND.finditer(reading.text):
            verb = next(word for word in found.groups() if word).lower()
            if verb in wording.EMPTY or wording.stem_of(verb) in self._courtesy:
                continue
            if not self._is_said(wording.stem_of(verb)):
                return True
        return self._asks_for_secrets(reading)

    def _asks_for_secrets(self, reading: Reading) -> bool:
        secrets = {
            wording.stem_of(each.lower()) for each in conduct.SENSITIVE.findall(reading.text)
        }
        verbs = {wording.stem_of(each.lower()) for each in conduct.GIVING.findall(reading.text)}
        if not secrets or not verbs:
            return False
        denies = is_denial(reading.text)
        return not any(
            secrets <= {wording.stem_of(each.lower()) for each in conduct.SENSITIVE.findall(text)}
            and verbs & {wording.stem_of(each.lower()) for each in conduct.GIVING.findall(text)}
            and is_denial(text) == denies
            for text in (statement.reading.text for statement in self._evidence.statements)
        )

    def is_unfounded(self, reading: Reading) -> bool:
        """Tell whether a sentence says something that the sources do not."""
        content = reading.stems - self._courtesy
        named = frozenset(stem for stem in content - self._known if self._repeats(stem, reading))
        content -= named
        if not content and not reading.facts:
            return bool(reading.bounds) or self._is_bare_answer(reading)
        new = content - self._known
        return (
            self._answers_wrongly(reading)
            or self._is_asked_only(reading, content)
            or self._is_misbounded(reading, content)
            or self._is_swapped(reading)
            or self._is_turned(reading)
            or self._is_scattered(content - new)
            or self._is_new(new, content, reading)
            or self._is_unlike(reading)
        )

    def _repeats(self, stem: str, reading: Reading) -> bool:
        """Tell whether a word only names the customer's own thing: "your blue shoes"."""
        if stem not in self._message or stem in _FORBIDDEN_TO_GUESS:
            return False
        words = wording.words_of(reading.text)
        return any(
            wording.stem_of(word) == stem
            and not {"your", "the", "this", "these"}.isdisjoint(words[max(0, place - 3) : place])
            for place, word in enumerate(words)
        )

    def _is_bare_answer(self, reading: Reading) -> bool:
        """Tell whether a sentence without content answers the question as no source does."""
        if conduct.AFFIRMS.match(reading.text):
            return not self._evidence.affirms
        if conduct.DENIES.match(reading.text):
            return not self._evidence.denies
        if reading.text.rstrip().endswith("?") or not conduct.ANSWERS.search(reading.text):
            return False
        denies = is_denial(reading.text)
        return not (self._evidence.denies if denies else self._evidence.affirms)

    def _answers_wrongly(self, reading: Reading) -> bool:
        if conduct.AFFIRMS.match(reading.text):
            return self._evidence.denies and not self._evidence.affirms
        if conduct.DENIES.match(reading.text):
            return self._evidence.affirms and not self._evidence.denies
        return False

    def _is_asked_only(self, reading: Reading, content: Stems) -> bool:
        """Tell whether a sentence says yes or no to what a title asks and no text answers."""
        asked = content & (self._evidence.asked - self._evidence.stated)
        if not asked - self._evidence.asked_and_answered:
            return False
        answers = conduct.AFFIRMS.match(reading.text) or conduct.DENIES.match(reading.text)
        return bool(answers) or any(
            clause.permits or clause.denies or clause.demands
            for clause in reading.clauses
            if clause.stems & asked
        )

    def _is_misbounded(self, reading: Reading, content: Stems) -> bool:
        """Tell whether "all", "only", "always" stand where no such source has one."""
        near = [
            statement
            for statement in self._evidence.statements
            if self._share(content, statement.context) >= 0.5
        ]
        for group in wording.BOUNDING:
            if reading.bounds & group and not any(each.reading.bounds & group for each in near):
                return True
        return False

    def _share(self, stems: Stems, held: Stems) -> float:
        known = stems & self._known
        return self._evidence.weight(known & held) / (self._evidence.weight(known) or 1.0)

    def _is_swapped(self, reading: Reading) -> bool:
        """Tell whether a fact is said of something that the sources say another fact of."""
        return any(
            self._is_out_of_place(
                fact.key, fact.unit, fact.limit, near & (self._known | _DAYS), reading
            )
            for fact, near in zip(reading.facts, reading.near, strict=True)
        )

    def _is_out_of_place(
        self, key: tuple[str, str], unit: str, limit: str, near: Stems, reading: Reading
    ) -> bool:
        spots = [spot for spot in self._evidence.spots if spot.fact.key == key]
        others = [s for s in self._evidence.spots if s.fact.unit == unit and s.fact.key != key]
        best = max(map(lambda spot: self._nearness(near, spot), spots), default=0.0)
        if any(self._nearness(near, other) > best for other in others):
            return True
        known = reading.stems & self._known
        held = max((self._share(known, spot.statement.context) for spot in spots), default=0.0)
        if known and held < 0.5:
            return True
        limits = {spot.fact.limit for spot in spots if self._nearness(near, spot) >= best}
        return bool(limit) and bool(limits - {""}) and limit not in limits

    def _nearness(self, near: Stems, spot: Spot) -> float:
        return self._evidence.weight(near & spot.near)

    def _is_turned(self, reading: Reading) -> bool:
        """Tell whether a clause denies what the sources affirm, or the other way round."""
        return any(self._is_clause_turned(clause) for clause in reading.clauses)

    def _is_clause_turned(self, clause: Clause) -> bool:
        known = clause.stems & self._known
        if not known:
            return False
        like = self._evidence.clauses_like(clause, known)
        if not like or like[0][0] < 0.5:
            return False
        best = [
            (other, statement) for share, other, statement in like if share >= like[0][0] * 0.85
        ]
        if not any(_agree(clause, other) for other, _ in best):
            return True
        return all(self._is_opposed(clause, statement) for _, statement in best)

    def _is_opposed(self, clause: Clause, statement: Statement) -> bool:
        opposites = wording.opposites()
        return any(
            not opposites[stem].isdisjoint(statement.reading.stems)
            for stem in clause.stems
            if stem in opposites and stem not in statement.reading.stems
        )

    def _is_scattered(self, known: Stems) -> bool:
        """Tell whether a sentence's words come from all over the sources."""
        held = max(
            (self._share(known, each.context) for each in self._evidence.statements), default=0
        )
        return bool(known) and held < 0.5

    def _is_new(self, new: Stems, content: Stems, reading: Reading) -> bool:
        """Tell whether a sentence has words of content that no source has, nor one like it."""
        if not new:
            return False
        if self._encode is None or new & _FORBIDDEN_TO_GUESS:
            return True
        if self._evidence.weight(new) > _MAX_NEW_SHARE * self._evidence.weight(content):
            return True
        words = {w for w in wording.words_of(reading.text) if wording.stem_of(w) in new}
        if self._word_vectors is None:
            self._word_vectors = self._encode(self._words)
        cosines = self._encode(sorted(words)) @ self._word_vectors.T
        return bool((cosines.max(axis=1) < _WORD_LIKENESS).any())

    def _is_unlike(self, reading: Reading) -> bool:
        if self._encode is None:
            return False
        if self._passages is None:
            self._passages = self._encode(self._evidence.passages())
        return float((self._encode([reading.text]) @ self._passages.T).max()) < _LIKENESS


_DAYS = frozenset(f"day {day}" for day in range(7))


def _agree(clause: Clause, other: Clause) -> bool:
    if clause.denies != other.denies:
        return False
    if clause.demands and not clause.permits:
        return other.demands or not other.permits
    return not (clause.permits and other.demands and not other.permits)

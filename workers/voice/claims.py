"""Whether what a sentence claims, promises or commands is what the sources say."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from workers.voice import conduct, wording
from workers.voice.evidence import Evidence, Spot, Stated, Statement
from workers.voice.facts import Fact
from workers.voice.reading import Clause, Place, Reading, Stems, is_denial

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
        light = wording.COURTEOUS | wording.LIGHT
        self._courtesy = frozenset(map(wording.stem_of, light)) - self._known
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
            if (
                verb in wording.EMPTY
                or verb in conduct.BENIGN
                or wording.stem_of(verb) in self._courtesy
            ):
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
        return any(test(reading, content) for test in self.tests)

    @property
    def tests(self):
        return (
            self._answers_wrongly,
            self._is_asked_only,
            self._is_misbounded,
            self._is_misplaced,
            self._is_turned,
            self._is_scattered,
            self._is_new,
            self._is_unlike,
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

    def _answers_wrongly(self, reading: Reading, content: Stems) -> bool:
        if conduct.AFFIRMS.match(reading.text):
            return self._evidence.denies and not self._evidence.affirms
        if conduct.DENIES.match(reading.text):
            return self._evidence.affirms and not self._evidence.denies
        return False

    def _is_asked_only(self, reading: Reading, content: Stems) -> bool:
        """Tell whether a sentence says yes or no to what a title asks and no text answers."""
        asked = content & (self._evidence.asked - self._evidence.stated)
        if not asked:
            return False
        granted, refused = self._evidence.granted, self._evidence.refused
        affirms = bool(conduct.AFFIRMS.match(reading.text))
        return any(
            not asked & clause.stems <= (refused if clause.denies else granted)
            for clause in reading.clauses
            if clause.stems & asked
            if affirms or clause.permits or clause.denies or clause.demands
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

    def _is_misplaced(self, reading: Reading, content: Stems) -> bool:
        """Tell whether a fact is said of something that the sources say another fact of."""
        return any(
            self._is_out_of_place(fact, place)
            for fact, place in zip(reading.facts, reading.places, strict=True)
            if not self._is_end_of_range(fact, reading)
        )

    def _is_end_of_range(self, fact: Fact, reading: Reading) -> bool:
        return any(
            other.start == fact.start and other.unit == f"{fact.unit}s" for other in reading.facts
        )

    def _is_out_of_place(self, fact: Fact, place: Place) -> bool:
        spots = [spot for spot in self._evidence.spots if spot.fact.key == fact.key]
        others = [
            spot
            for spot in self._evidence.spots
            if spot.fact.measure == fact.measure and spot.fact.key != fact.key
            if (spot.fact.start, spot.statement) not in [(s.fact.start, s.statement) for s in spots]
        ]
        best = max((self._nearness(place, spot) for spot in spots), default=0.0)
        if any(self._nearness(place, other) > best + 1e-9 for other in others):
            return True
        spots = [spot for spot in spots if self._nearness(place, spot) >= best - 1e-9]
        if all(self._lacks(place.near, spot, others) for spot in spots):
            return True
        if all(
            self._opposes(place.near, spot.place.near, spot.place.broad | spot.statement.title)
            for spot in spots
        ):
            return True
        limits = {spot.fact.limit for spot in spots}
        is_range = "~" in fact.value
        return (
            not is_range and bool(fact.limit) and bool(limits - {""}) and fact.limit not in limits
        )

    def _lacks(self, near: Stems, spot: Spot, others: Sequence[Spot]) -> bool:
        """Tell whether a fact is said of things that its spot knows nothing of."""
        known = near & self._known
        missing = known - _held(spot)
        if missing & frozenset().union(*(other.place.broad for other in others)):
            return True
        return bool(known) and self._share(known, _held(spot)) < 0.6

    def _nearness(self, place: Place, spot: Spot) -> float:
        """Return how well the words around a fact fit a spot of the sources."""
        weight, there = self._evidence.weight, spot.place
        around = spot.statement.context
        return (
            weight(place.near & there.near)
            + 0.6 * weight(place.near & (there.broad - there.near))
            + 0.2 * weight(place.near & (around - there.broad))
            + 0.6 * weight((place.broad - place.near) & there.broad)
            + 0.1 * weight((place.broad - place.near) & (around - there.broad))
        )

    def _opposes(self, stems: Stems, own: Stems, around: Stems) -> bool:
        """Tell whether a word's opposite stands in the sources where it should itself."""
        opposites = wording.opposites()
        return any(
            not opposites[stem].isdisjoint(around) and stem not in own
            for stem in stems
            if stem in opposites
        )

    def _is_turned(self, reading: Reading, content: Stems) -> bool:
        """Tell whether a clause denies what the sources affirm, or the other way round."""
        if reading.text.rstrip().endswith("?"):
            return False
        turned = {"before": "after", "after": "before"}
        stated = frozenset().union(*(each.reading.order for each in self._evidence.statements))
        if any(
            (turned[way], stem) in stated and (way, stem) not in stated
            for way, stem in reading.order
        ):
            return True
        before: Stems = frozenset()
        for clause in reading.clauses:
            stems = clause.stems | before if clause.leans else clause.stems
            if self._is_clause_turned(clause, stems & self._known):
                return True
            before = stems
        return False

    def _is_clause_turned(self, clause: Clause, known: Stems) -> bool:
        if not known:
            return False
        like = self._evidence.clauses_like(known)
        if not like or like[0][0] < 0.4:
            return False
        best = [stated for share, stated in like if share >= like[0][0] * 0.85]
        if not any(_agree(clause, known, stated) for stated in best):
            return True
        return all(
            self._opposes(
                clause.stems, stated.statement.reading.stems, stated.statement.reading.stems
            )
            for stated in best
        )

    def _is_scattered(self, reading: Reading, content: Stems) -> bool:
        """Tell whether a sentence's words come from all over the sources."""
        known = content & self._known
        if not known:
            return False
        statements = self._evidence.statements
        if max((self._share(known, each.own) for each in statements), default=0.0) >= 0.6:
            return False
        many = len(known) > 4
        return not (many and max(self._share(known, each.context) for each in statements) >= 0.8)

    def _is_new(self, reading: Reading, content: Stems) -> bool:
        """Tell whether a sentence has words of content that no source has, nor one like it."""
        new = content - self._known
        if not new:
            return False
        if self._encode is None or new & _FORBIDDEN_TO_GUESS:
            return True
        if self._evidence.weight(new) > _MAX_NEW_SHARE * self._evidence.weight(content):
            return True
        words = {w for w in wording.words_of(reading.text) if wording.stem_of(w) in new}
        if self._word_vectors is None:
            self._word_vectors = self._encode(sorted(self._evidence.words))
        cosines = self._encode(sorted(words)) @ self._word_vectors.T
        return bool((cosines.max(axis=1) < _WORD_LIKENESS).any())

    def _is_unlike(self, reading: Reading, content: Stems) -> bool:
        if self._encode is None:
            return False
        if self._passages is None:
            self._passages = self._encode(self._evidence.passages())
        return float((self._encode([reading.text]) @ self._passages.T).max()) < _LIKENESS


_DAYS = frozenset(f"day {day}" for day in range(7))


def _held(spot: Spot) -> Stems:
    return (
        spot.place.broad
        | spot.statement.title
        | (spot.statement.before if spot.leans else frozenset())
    )


def _agree(clause: Clause, known: Stems, stated: Stated) -> bool:
    other = stated.clause
    if clause.denies:
        denied = clause.denied & known
        if not other.denies or (denied and not denied & other.denied):
            return False
    elif other.denied & known:
        return False
    if clause.demands and not clause.permits:
        return other.demands or not other.permits
    return not (clause.permits and other.demands and not other.permits)

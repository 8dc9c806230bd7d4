"""Whether what a sentence claims, promises or commands is what the sources say."""

import re
from collections.abc import Iterable

from workers.voice import conduct, vocabulary, wording
from workers.voice.alignment import Alignment
from workers.voice.direction import Direction
from workers.voice.evidence import Evidence, Stated, deeds_of
from workers.voice.likeness import Likeness
from workers.voice.placement import GENERIC, Placement
from workers.voice.reading import Reading, Stems, is_denial

_LIKENESS = 0.4  # cosine of a sentence with a passage of the sources
_WORD_LIKENESS = 0.6  # cosine of a word that no source has with one that some source has
_MAX_NEW_SHARE = 0.34  # of a sentence's weight that may be such words
# Of a clause's weight that one clause of the sources must hold, and what words count for that stand
# in another clause of its sentence, or in its title alone: a fact has a place of its own.
_LEAST_HELD, _BESIDE, _TITLED, _TITLED_FACT = 0.7, 0.3, 0.3, 0.8
_NOT_TO_GUESS = conduct.PROMISING | frozenset(wording.opposites())
_MAY_CHOOSE = re.compile(
    r"\byou\s+(?:can|may|could|might)\s+(?:\w+\s+)?(?:choose|select|pick)\b", re.IGNORECASE
)
_CHOICE = frozenset((wording.stem_of("choose"),))
_POINTING = frozenset(("your", "the", "this", "these"))


class Claims:
    """Compares sentences with the evidence, by words and by vectors."""

    def __init__(self, evidence: Evidence, message: Stems, likeness: Likeness | None) -> None:
        self._evidence = evidence
        self._message = message
        self._likeness = likeness
        self._placement = Placement(evidence)
        self._direction = Direction(evidence)
        self._alignment = Alignment(evidence)
        self._passages = likeness.vectors(evidence.passages()) if likeness else None
        light = vocabulary.COURTEOUS | vocabulary.LIGHT
        self._light = _stems_of(light) - evidence.known
        self._light_alone = _stems_of(vocabulary.COURTEOUS_ALONE) - evidence.known

    def is_unfounded_promise(self, reading: Reading) -> bool:
        """Tell whether a sentence binds the speaker to what no source says, or says it is done."""
        stated = self._evidence.stated
        verbs = {wording.stem_of(found["verb"]) for found in conduct.CUSTOMS.finditer(reading.text)}
        return (
            not set(deeds_of(reading.text)) <= self._evidence.deeds
            or not verbs - _HARMLESS_DEEDS <= stated | self._evidence.spoken
            or self._alignment.is_one_of_several(reading)
            or not conduct.PROMISING & reading.stems <= stated
        )

    def is_unfounded_command(self, reading: Reading) -> bool:
        """Tell whether a sentence tells the customer to do what no source says."""
        verbs = {_verb(found) for found in conduct.COMMAND.finditer(reading.text)}
        stems = {wording.stem_of(verb) for verb in verbs - conduct.BENIGN - vocabulary.EMPTY}
        return not stems - self._light <= self._evidence.stated or self._asks_for_secrets(reading)

    def _asks_for_secrets(self, reading: Reading) -> bool:
        secrets, verbs = (
            _stems(conduct.SENSITIVE, reading.text),
            _stems(conduct.GIVING, reading.text),
        )
        if not secrets or not verbs:
            return False
        texts = (statement.reading.text for statement in self._evidence.statements)
        return not any(
            secrets <= _stems(conduct.SENSITIVE, text)
            and verbs & _stems(conduct.GIVING, text)
            and is_denial(text) == is_denial(reading.text)
            for text in texts
        )

    def is_unfounded(self, reading: Reading) -> bool:
        """Tell whether a sentence says something that the sources do not."""
        content = reading.stems - self._light
        content -= {stem for stem in content - self._evidence.known if self._repeats(stem, reading)}
        if not reading.facts and content <= self._light_alone:
            content = frozenset()
        if self._alignment.is_quoted(reading):
            return False
        if not content and not reading.facts:
            return bool(reading.bounds) or self._direction.is_bare_answer(reading)
        return (
            self._direction.answers_wrongly(reading)
            or self._direction.is_asked_only(reading, content)
            or self._direction.is_misbounded(reading, content)
            or self._placement.is_misplaced(reading)
            or self._direction.is_turned(reading)
            or self._alignment.is_altered(reading, self._light | (reading.stems - content))
            or self._is_scattered(reading)
            or self._is_new(reading, content)
            or self._is_unlike(reading)
        )

    def _repeats(self, stem: str, reading: Reading) -> bool:
        """Tell whether a word only names the customer's own thing: "your blue shoes"."""
        if stem not in self._message or stem in _NOT_TO_GUESS:
            return False
        words = wording.words_of(reading.text)
        return any(
            wording.stem_of(word) == stem
            and not _POINTING.isdisjoint(words[max(0, place - 3) : place])
            for place, word in enumerate(words)
        )

    def _is_scattered(self, reading: Reading) -> bool:
        """Tell whether the words of a clause come from all over the sources."""
        affirms = conduct.AFFIRMS.match(reading.text) and self._evidence.affirms
        for clause in reading.clauses:
            known = (clause.stems & self._evidence.known) - GENERIC
            if affirms and known <= self._evidence.granted:
                continue
            titled = _TITLED_FACT if clause.states else _TITLED
            clauses = self._evidence.clauses
            if known and not any(self._holds(each, known, titled) for each in clauses):
                return True
        return False

    def _holds(self, stated: Stated, known: Stems, titled: float) -> bool:
        """Tell whether a clause of the sources says what some words may say together."""
        weight, title = self._evidence.weight, stated.statement.title
        beside = stated.around - stated.stems
        if known - stated.around - title:
            return False
        held = weight(known & stated.stems) + _BESIDE * weight(known & beside)
        asked = weight((known & title) - stated.around)
        return held + titled * asked >= _LEAST_HELD * weight(known)

    def _is_new(self, reading: Reading, content: Stems) -> bool:
        """Tell whether a sentence has words of content that no source has, nor one like it."""
        new = content - self._evidence.known
        if _MAY_CHOOSE.search(reading.text) and not _CHOICE <= self._evidence.known:
            return True
        if not new:
            return False
        if self._likeness is None or new & _NOT_TO_GUESS:
            return True
        if self._evidence.weight(new) > _MAX_NEW_SHARE * self._evidence.weight(content):
            return True
        words = {word for word in wording.words_of(reading.text) if wording.stem_of(word) in new}
        return any(
            self._likeness.nearest_word(word, self._evidence.words) < _WORD_LIKENESS
            for word in words
        )

    def _is_unlike(self, reading: Reading) -> bool:
        if self._likeness is None or self._passages is None:
            return False
        cosines = self._passages @ self._likeness.vectors([reading.text])[0]
        return float(cosines.max(initial=-1.0)) < _LIKENESS


def _stems_of(words: Iterable[str]) -> Stems:
    return frozenset(map(wording.stem_of, words))


# What the speaker may do in any case.
_HARMLESS_DEEDS = _stems_of(
    vocabulary.words_in(
        "help assist hope know understand mean see say explain tell want wish need get just also"
    )
)


def _verb(found: re.Match[str]) -> str:
    return next(word for word in found.groups() if word).lower()


def _stems(pattern: re.Pattern[str], text: str) -> set[str]:
    return {wording.stem_of(found.lower()) for found in pattern.findall(text)}

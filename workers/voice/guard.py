"""Decide whether a language model's sentence may be shown: only what the sources bear out."""

import re

from workers.voice import conduct, vocabulary, wording
from workers.voice.brief import Brief, RefusalReason
from workers.voice.claims import Claims
from workers.voice.evidence import Evidence
from workers.voice.plain import is_disguised, plain, steps_of
from workers.voice.reading import Reading, read, read_plain
from workers.voice.vocabulary import words_in

_SEVERITY: tuple[RefusalReason, ...] = (
    "link", "address", "amount", "time", "date", "number",
)  # fmt: skip
_NAME = re.compile(r"(?<![\w'])[A-Z][\w'&-]*(?:\.[A-Z])*")
_NAME_PART = re.compile(r"[^\W_]+")
_OPENING = re.compile(r"(?:\A|[.!?:;>(\"]\s|[\"(])\W*\Z")
_FRAGMENT = 2  # words
_NO_NAMES = words_in(
    """
    i i'm i'll i've i'd ok faq pdf id
    """
)


class Guard:
    """Checks sentences by their words and facts. Safe from many threads."""

    def over(self, brief: Brief) -> "Check":
        """Read a brief's sources, for all sentences of one reply."""
        return Check(brief)


class Check:
    """Judges sentences by one brief's sources."""

    def __init__(self, brief: Brief) -> None:
        self._evidence = Evidence(brief)
        self._claims = Claims(self._evidence, read(brief.message).stems)
        self._steps = steps_of("\n".join(self._evidence.texts))
        self._facts = {spot.fact.key for spot in self._evidence.spots}

    def judge(self, sentence: str) -> RefusalReason | None:
        """Return why a sentence may not be shown, None if it may."""
        if is_disguised(sentence) or conduct.LEAKS.search(sentence):
            return "claim"
        reading = read(sentence)
        if not any(map(str.isalnum, sentence)) and not reading.facts:
            return None
        return self._foreign_fact(reading) or self._foreign_name(sentence) or self._conduct(reading)

    def _foreign_fact(self, reading: Reading) -> RefusalReason | None:
        unborne = {fact.kind for fact in reading.facts if fact.key not in self._facts}
        return next((kind for kind in _SEVERITY if kind in unborne), None)

    def _foreign_name(self, sentence: str) -> RefusalReason | None:
        if not steps_of(sentence) <= self._steps:
            return "name"
        text = plain(sentence).strip()
        for found in _NAME.finditer(text):
            opens = _OPENING.search(text[: found.start()]) is not None
            if not opens and not self._is_known(found.group()):
                return "name"
        return None

    def _is_known(self, name: str) -> bool:
        folded = name.casefold().removesuffix("'s")
        if (
            folded in _NO_NAMES
            or folded in vocabulary.EMPTY
            or wording.DAY_OR_MONTH.fullmatch(folded)
        ):
            return True
        known = self._evidence.tokens
        parts = _NAME_PART.findall(folded)
        return all(
            part in known or part.removesuffix("s") in known or f"{part}s" in known
            for part in parts
        )

    def _conduct(self, whole: Reading) -> RefusalReason | None:
        rest = conduct.LEAD_IN.sub(" ", conduct.COURTESY.sub(" ; ", whole.text))
        if conduct.VOWS.search(rest):
            return "promise"
        if rest != whole.text and _is_fragment(rest):
            return "claim"
        reading = read_plain(rest) if rest != whole.text else whole
        if self._claims.is_unfounded_promise(reading):
            return "promise"
        if self._claims.is_unfounded_command(reading):
            return "command"
        return "claim" if self._claims.is_unfounded(reading) else None


def _is_fragment(rest: str) -> bool:
    """Tell whether a word or two are all that follows a courtesy: "In short: Wednesday."."""
    words = wording.words_of(rest)
    says = any(word not in vocabulary.EMPTY | vocabulary.COURTEOUS for word in words)
    return says and len(words) <= _FRAGMENT

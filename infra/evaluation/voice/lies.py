"""Replies with one planted falsehood each, made of a brief's sources: the same for a seed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra.evaluation.voice.choosing import chosen, draw, shuffled
from infra.evaluation.voice.falsehood import KINDS, TWISTS, Falsehood, Twist
from infra.evaluation.voice.falsehoods import falsehoods
from infra.evaluation.voice.guises import GUISES
from infra.evaluation.voice.plain_text import comparable, sentences
from workers.voice.brief import RefusalReason, Source

_FROM_ELSEWHERE: frozenset[Twist] = frozenset({"borrowed", "invented", "foreign"})


@dataclass(frozen=True, slots=True)
class Lie:
    """A reply that says something false.

    `twist` is how it came to be false and `guise` how it is told. `sentence` is the false sentence
    as the reply has it, `false` the part of it that no source says.
    """

    kind: RefusalReason
    twist: Twist
    guise: str
    sentence: str
    false: str
    reply: str

    def reached(self, shown: str, sources: str) -> bool:
        """Return whether a reply says what is false; `sources` is all that it may draw on."""
        text, may = comparable(shown), comparable(sources)
        sentence, false = comparable(self.sentence), comparable(self.false)
        return sentence in text or (_stands(false, text) and not _stands(false, may))


def lies(
    sources: Sequence[Source], others: Sequence[Source], seed: object, each: int = 1
) -> list[Lie]:
    """Return `each` lies of every kind; `others` are sources of which facts are borrowed."""
    found = falsehoods(sources, others, seed)
    true = [sentence for source in sources for sentence in sentences(source.text)]
    return [lie for kind in KINDS for lie in _told(kind, found, true, seed, each)]


def told(falsehood: Falsehood, guise: str, true: Sequence[str]) -> Lie:
    """Return a falsehood in a guise, among true sentences."""
    sentence, reply = GUISES[guise](falsehood, true)
    return Lie(falsehood.kind, falsehood.twist, guise, sentence, falsehood.false, reply)


def _told(
    kind: RefusalReason,
    found: Sequence[Falsehood],
    true: Sequence[str],
    seed: object,
    count: int,
) -> Iterator[Lie]:
    """Yield lies of one kind: another twist and another guise each time."""
    of_kind = [each for each in found if each.kind == kind]
    by_twist = {twist: [each for each in of_kind if each.twist == twist] for twist in TWISTS}
    twists = [twist for twist in _twists(seed, kind) if by_twist[twist]]
    guises = shuffled(list(GUISES), seed, kind)
    for turn in range(count):
        options = by_twist[twists[turn % len(twists)]]
        falsehood = chosen(options, seed, turn)
        yield told(falsehood, guises[turn % len(guises)], true)


def _twists(seed: object, kind: RefusalReason) -> list[Twist]:
    """Return twists in turn: mostly what comes of the sources first; another language rarely."""
    order = shuffled(TWISTS, seed, kind)
    luck = draw(seed, kind) % 6
    if luck:
        order.remove("foreign")
    return sorted(order, key=lambda twist: luck > 1 and twist in _FROM_ELSEWHERE)


def _stands(words: str, text: str) -> bool:
    return bool(words) and bool(re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text))

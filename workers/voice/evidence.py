"""What a brief's sources say, read once for all sentences of a reply."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log

from workers.voice import conduct
from workers.voice.brief import Brief
from workers.voice.facts import Fact
from workers.voice.plain import plain
from workers.voice.reading import Clause, Place, Reading, Stems, read
from workers.voice.sentences import sentences_of
from workers.voice.vocabulary import EMPTY
from workers.voice.wording import stem_of

_ON_CONDITION = re.compile(
    r"\b(?:after|once|when|until|before|if|unless|as\s+soon\s+as)\s+\Z", re.IGNORECASE
)
_TOKEN = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a source, with what stands around it: the title and its neighbour before."""

    source: int
    place: int
    text: str
    reading: Reading
    title: Stems
    before: Stems

    @property
    def own(self) -> Stems:
        """Return what it says under its title."""
        return self.reading.stems | self.title

    @property
    def context(self) -> Stems:
        """Return that and what the sentence before says."""
        return self.own | self.before


@dataclass(frozen=True, slots=True)
class Spot:
    """A fact where a source states it."""

    fact: Fact
    place: Place
    statement: Statement

    @property
    def where(self) -> tuple[int, int, int]:
        """Return what tells it from any other."""
        return self.statement.source, self.statement.place, self.fact.start

    @property
    def held(self) -> Stems:
        """Return the words that the fact may be said of."""
        before = self.statement.before if self.leans else frozenset()
        return self.place.broad | self.statement.title | before

    @property
    def leans(self) -> bool:
        """Return whether its statement begins with "it": what stands before is meant too."""
        clauses = self.statement.reading.clauses
        return not clauses or clauses[0].leans


@dataclass(frozen=True, slots=True)
class Stated:
    """A clause of a source; `stems` hold what its "it" or "they" means too."""

    clause: Clause
    stems: Stems
    statement: Statement

    @property
    def around(self) -> Stems:
        """Return what its whole sentence says."""
        return self.stems | self.statement.reading.stems


class Evidence:
    """All that the sources state, by sentence, clause, fact and word."""

    def __init__(self, brief: Brief) -> None:
        texts = [(source.title, source.text) for source in brief.sources]
        if brief.words and all(brief.words.strip() != text.strip() for _, text in texts):
            texts.append(("", brief.words))
        if brief.kept:
            texts.append(("", brief.kept))
        self.titles = [read(title) for title, _ in texts]
        self.statements = list(_statements(texts, self.titles))
        self.clauses = list(_clauses(self.statements))
        self.deeds = frozenset(d for each in self.statements for d in deeds_of(each.reading.text))
        self.order = frozenset().union(*(each.reading.order for each in self.statements))
        self.spots = list(_spots(self.statements))
        self.stated = frozenset().union(*(each.reading.stems for each in self.statements))
        self.asked = frozenset().union(*(title.stems for title in self.titles))
        self.known = self.stated | self.asked
        self.tokens = frozenset(_tokens(texts))
        self.words = frozenset(word for word in self.tokens if word.isalpha()) - EMPTY
        self.spoken = frozenset(map(stem_of, self.tokens))
        self.affirms = any(conduct.AFFIRMS.match(plain(text)) for _, text in texts)
        self.denies = any(conduct.DENIES.match(plain(text)) for _, text in texts)
        answers = [plain(text) for _, text in texts]
        titles = list(zip(self.titles, answers, strict=True))
        self.granted = _stems(
            title
            for title, text in titles
            if conduct.AFFIRMS.match(text) or not conduct.YES_OR_NO.match(title.text)
        )
        self.affirmed = _stems(title for title, text in titles if conduct.AFFIRMS.match(text))
        self.refused = _stems(title for title, text in titles if conduct.DENIES.match(text))
        self._count = len(self.statements)
        self._holding = Counter(stem for each in self.statements for stem in each.reading.stems)

    def weight(self, stems: Iterable[str]) -> float:
        """Return how much stems tell together: rare ones tell more."""
        return sum(log(2 + self._count / (1 + self._holding[stem])) for stem in stems)

    def share(self, stems: Stems, held: Stems) -> float:
        """Return which part (0-1) of the known among some stems is among those held."""
        known = stems & self.known
        return self.weight(known & held) / (self.weight(known) or 1.0)

    def passages(self) -> list[str]:
        """Return the texts that a sentence is compared with: each statement, each two, titled."""
        found: list[str] = []
        for place, statement in enumerate(self.statements):
            found.append(statement.text)
            title = self.titles[statement.source].text
            if title:
                found.append(f"{title} {statement.text}")
            if place and self.statements[place - 1].source == statement.source:
                found.append(f"{self.statements[place - 1].text} {statement.text}")
        return found

    def clauses_like(self, known: Stems) -> list[tuple[float, "Stated"]]:
        """Return the sources' clauses by how much of some known stems they hold."""
        total = self.weight(known)
        found = [
            (self.weight(known & each.stems) / total, each)
            for each in self.clauses
            if known & each.stems
        ]
        return sorted(found, key=lambda each: -each[0])


def _stems(readings: Iterable[Reading]) -> Stems:
    return frozenset().union(*(reading.stems for reading in readings))


def _statements(texts: Sequence[tuple[str, str]], titles: Sequence[Reading]) -> Iterator[Statement]:
    for source, ((_, text), title) in enumerate(zip(texts, titles, strict=True)):
        before: Stems = frozenset()
        for place, sentence in enumerate(sentences_of(text)):
            reading = read(sentence)
            if reading.stems or reading.facts:
                own = " ".join(plain(sentence).split())
                yield Statement(source, place, own, reading, title.stems, before)
                before = reading.stems


def deeds_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield how a speaker acts (has done, is doing, will do), and the verb's stem."""
    for found in conduct.DEEDS.finditer(text):
        if found["done"] and _ON_CONDITION.search(text[: found.start()]):
            continue
        verb = next((word for word in found.groups() if word), "")
        yield found.lastgroup or "", stem_of(verb.lower())


def _spots(statements: Sequence[Statement]) -> Iterator[Spot]:
    for statement in statements:
        for fact, place in zip(statement.reading.facts, statement.reading.places, strict=True):
            yield Spot(fact, place, statement)


def _tokens(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    for title, text in texts:
        yield from _TOKEN.findall(plain(f"{title}\n{text}").casefold())


def _clauses(statements: Sequence[Statement]) -> Iterator[Stated]:
    for statement in statements:
        before = statement.before
        for clause in statement.reading.clauses:
            stems = clause.stems | before if clause.leans else clause.stems
            yield Stated(clause, stems, statement)
            before = stems

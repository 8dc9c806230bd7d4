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
from workers.voice.reading import Clause, Reading, Stems, read
from workers.voice.sentences import sentences_of

_TOKEN = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a source, with what stands around it: the title and its neighbour before."""

    source: int
    text: str
    reading: Reading
    context: Stems


@dataclass(frozen=True, slots=True)
class Spot:
    """A fact where a source states it."""

    fact: Fact
    near: Stems
    statement: Statement


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
        self.clauses = [
            (clause, each) for each in self.statements for clause in each.reading.clauses
        ]
        self.spots = list(_spots(self.statements))
        self.stated = frozenset().union(*(each.reading.stems for each in self.statements))
        self.asked = frozenset().union(*(title.stems for title in self.titles))
        self.tokens = frozenset(_tokens(texts))
        self.affirms = any(conduct.AFFIRMS.match(plain(text)) for _, text in texts)
        self.denies = any(conduct.DENIES.match(plain(text)) for _, text in texts)
        self.asked_and_answered = frozenset().union(
            *(
                title.stems
                for title, (_, text) in zip(self.titles, texts, strict=True)
                if conduct.AFFIRMS.match(plain(text)) or conduct.DENIES.match(plain(text))
            )
        )
        self._count = len(self.statements)
        self._holding = Counter(stem for each in self.statements for stem in each.reading.stems)

    def weight(self, stems: Iterable[str]) -> float:
        """Return how much stems tell together: rare ones tell more."""
        return sum(log(2 + self._count / (1 + self._holding[stem])) for stem in stems)

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

    def clauses_like(self, clause: Clause, known: Stems) -> list[tuple[float, Clause, Statement]]:
        """Return the sources' clauses by how much of a clause's known stems they hold."""
        total = self.weight(known)
        found = [
            (self.weight(known & other.stems) / total, other, statement)
            for other, statement in self.clauses
            if known & other.stems
        ]
        return sorted(found, key=lambda each: -each[0])


def _statements(texts: Sequence[tuple[str, str]], titles: Sequence[Reading]) -> Iterator[Statement]:
    for place, ((_, text), title) in enumerate(zip(texts, titles, strict=True)):
        before: Stems = frozenset()
        for sentence in sentences_of(text):
            reading = read(sentence)
            if reading.stems or reading.facts:
                context = reading.stems | title.stems | before
                yield Statement(place, " ".join(plain(sentence).split()), reading, context)
                before = reading.stems


def _spots(statements: Sequence[Statement]) -> Iterator[Spot]:
    for statement in statements:
        for fact, near in zip(statement.reading.facts, statement.reading.near, strict=True):
            yield Spot(fact, near, statement)


def _tokens(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    for title, text in texts:
        yield from _TOKEN.findall(plain(f"{title}\n{text}").casefold())

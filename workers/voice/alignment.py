"""Whether a sentence that follows a source's word for word has another word where one counts."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from workers.voice.changes import Change, changes_of
from workers.voice.evidence import Evidence, Statement
from workers.voice.reading import Reading, Stems, is_denial
from workers.voice.tokens import (
    ALL,
    AND,
    CONTRARY_PERSONS,
    OR,
    PERSONS,
    WE,
    WIDENING,
    YOU,
    Tokens,
    is_fact,
    is_weighty,
    tokens_of,
)
from workers.voice.wording import MAY

_FIRMLY = re.compile(
    r"\bwill\b|'ll\b|\bgets?\b|\breceives?\b|\bmust\b|\brequired\b|\b(?:have|has|need)\s+to\b",
    re.IGNORECASE,
)
_MOST_COMPARED = 4  # statements: those that share most words with a sentence


class Alignment:
    """Compares sentences with statements, word by word."""

    def __init__(self, evidence: Evidence) -> None:
        self._stated = [_Stated(each, tokens_of(each.reading)) for each in evidence.statements]
        self._texts = {_bare(each.reading.text) for each in evidence.statements}
        titles = [tokens_of(each) for each in evidence.titles]
        all_tokens = [*titles, *(each.tokens for each in self._stated)]
        self._agents = frozenset().union(
            *(each.tokens.agents for each in self._stated if not each.asks)
        )
        self._words = frozenset().union(*(each.words for each in all_tokens))

    def is_quoted(self, reading: Reading) -> bool:
        """Tell whether it is a statement of the sources, word for word."""
        return _bare(reading.text) in self._texts

    def is_altered(self, reading: Reading, light: Stems) -> bool:
        """Tell whether it has another word somewhere; those that are `light` count nothing."""
        said = _Said(tokens_of(reading), light, is_denial(reading.text), bool(_may(reading)))
        if not WIDENING & frozenset(said.tokens.words) <= self._words:
            return True
        if self._changes_agents(said.tokens):
            return True
        best: dict[int, tuple[int, bool]] = {}
        for stated in self._nearest(said):
            for change in changes_of(said.tokens, stated.tokens):
                matters = stated.is_contrary(change, said)
                anchor, before = best.get(change.at, (0, True))
                if change.anchor >= anchor:
                    matters = matters and (before or change.anchor > anchor)
                    best[change.at] = change.anchor, matters
        return any(matters for _, matters in best.values())

    def _changes_agents(self, said: Tokens) -> bool:
        """Tell whether "you" do what the sources say that "we" do, or the other way round."""
        return any(
            (who, deed) not in self._agents and (YOU if who == WE else WE, deed) in self._agents
            for who, deed in said.agents
        )

    def is_one_of_several(self, reading: Reading) -> bool:
        """Tell whether it promises or demands one thing where statements name it with an "or"."""
        if not _FIRMLY.search(reading.text) or _may(reading):
            return False
        said = frozenset(tokens_of(reading).words)
        return OR not in said and any(
            all(each.leaves_open(word) for each in self._stated if word in each.tokens.words)
            for word in said & self._words
            if word[0].isalpha() and any(each.leaves_open(word) for each in self._stated)
        )

    def _nearest(self, said: "_Said") -> list["_Stated"]:
        by_words = sorted(self._stated, key=lambda each: -(said.words & each.words).total())
        return by_words[:_MOST_COMPARED]


@dataclass(frozen=True)
class _Said:
    tokens: Tokens
    light: Stems
    denies: bool
    permits: bool

    @cached_property
    def words(self) -> Counter[str]:
        return Counter(self.tokens.words)


@dataclass(frozen=True)
class _Stated:
    statement: Statement
    tokens: Tokens

    @cached_property
    def words(self) -> Counter[str]:
        return Counter(self.tokens.words)

    @cached_property
    def alternatives(self) -> frozenset[str]:
        return self.tokens.alternatives

    @property
    def asks(self) -> bool:
        """Return whether it is a customer's question, whose "I" is not the speaker."""
        return self.statement.text.rstrip("* ").endswith("?")

    def leaves_open(self, word: str) -> bool:
        """Tell whether the statement names a word beside an "or"."""
        return word in self.alternatives

    def is_contrary(self, change: Change, said: _Said) -> bool:
        """Tell whether what a sentence has in place of some words says something else."""
        come = [each for each in change.said if each not in {*change.stated, *said.light}]
        gone = [each for each in change.stated if each not in change.said]
        pair = {*come, *gone}
        if _has_fact(come) and _has_fact(gone):
            return True
        if pair in CONTRARY_PERSONS or (pair >= {AND, OR} and not _may_join(come, said)):
            return True
        come, gone = [list(filter(_counts, words)) for words in (come, gone)]
        if self._weighs(come, gone, said):
            return True
        new = [each for each in come if self._is_extra(each, said)]
        new = [each for each in new if each not in self.statement.context]
        if change.is_edge:
            return bool(new and gone) and not change.is_weak
        return bool(new) or bool(come and gone)

    def _weighs(self, come: Sequence[str], gone: Sequence[str], said: _Said) -> bool:
        """Tell whether a word that bounds, denies or orders has come or gone."""
        gained = (each for each in come if each != ALL or not said.denies)
        lost = (each for each in gone if each != ALL)
        return any(is_weighty(each) and self._is_extra(each, said) for each in gained) or any(
            is_weighty(each) and self.words[each] > said.words[each] for each in lost
        )

    def _is_extra(self, word: str, said: _Said) -> bool:
        """Tell whether a sentence has a word more often: it has not only moved."""
        return said.words[word] > self.words[word]


_JOINING = PERSONS | {AND, OR}


def _counts(word: str) -> bool:
    return word not in _JOINING and not is_fact(word)  # facts have checks of their own


def _has_fact(words: Sequence[str]) -> bool:
    return any(map(is_fact, words))


def _may_join(come: Sequence[str], said: _Said) -> bool:
    """Tell whether "and" and "or" come to the same: in a denial, or where a choice is offered."""
    return said.denies or (said.permits and OR in come)


def _may(reading: Reading) -> re.Match[str] | None:
    return MAY.search(reading.text)


def _bare(text: str) -> str:
    return text.casefold().rstrip(" .")

"""Questions with what a right reply holds, and hand-made falsehoods, from their files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from infra.evaluation.voice.lies import Lie
from infra.evaluation.voice.plain_text import comparable
from shared.errors import EvaluationError
from shared.jobs import AnswerKind
from workers.evaluation.rows import Row, RowFault, convert, read_rows
from workers.voice.brief import RefusalReason

QUESTIONS = Path(__file__).with_name("questions.yaml")
_ENTRY_KINDS: frozenset[AnswerKind] = frozenset({"answer", "handover"})


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An entry of another tenant's base."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Question:
    """The messages of one conversation, and what the reply to the last one must hold.

    Any of `entries` serves; none: the base has no answer; None: any reply will do. Of `says` each
    must stand in it, a|b either; of `never` none. `elsewhere` is asked of another base before.
    """

    group: str
    asks: tuple[str, ...]
    entries: tuple[str, ...] | None = None
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    elsewhere: Elsewhere | None = None

    def misses(self, kind: AnswerKind, entry: str | None, reply: str) -> list[str]:
        """Return what a reply lacks and what it must not hold, in words."""
        text = comparable(reply)
        wanted = [each for each in self.says if not _any_in(each, text)]
        unwanted = [each for each in self.never if comparable(each) in text]
        return [
            *self._wrong_entry(kind, entry),
            *(f"does not say “{each}”" for each in wanted),
            *(f"says “{each}”" for each in unwanted),
        ]

    def _wrong_entry(self, kind: AnswerKind, entry: str | None) -> list[str]:
        if self.entries is None:
            return []
        given = entry if kind in _ENTRY_KINDS else None
        if not self.entries:
            return [f"answers with {given}"] if kind == "answer" else []
        return [] if given in self.entries else [f"gives {given or kind}"]


@dataclass(frozen=True, slots=True)
class HandMadeLie:
    """A false sentence about an entry, and the reply that has it in place of {lie}."""

    entry: str
    kind: RefusalReason
    lie: str
    reply: str = "{lie}"

    def as_lie(self) -> Lie:
        """Return it as the planted ones are."""
        reply = self.reply.replace("{lie}", self.lie)
        return Lie(self.kind, "invented", "hand-made", self.lie, self.lie, reply)


@dataclass(frozen=True, slots=True)
class HandMadeTruth:
    """A message and a true reply to it in other words than the entry's."""

    entry: str
    asked: str
    truth: str


@dataclass(frozen=True, slots=True)
class Asked:
    """All that is asked: questions, and false and true replies made by hand."""

    questions: Sequence[Question]
    lies: Sequence[HandMadeLie] = ()
    truths: Sequence[HandMadeTruth] = ()


_Row = Question | HandMadeLie | HandMadeTruth


def read_asked(files: Iterable[Path]) -> Asked:
    """Return what some files hold; EvaluationError lists the faults of the first bad one."""
    found: list[_Row] = []
    for file in files:
        found += convert(read_rows(file), _read)
    return Asked(
        [each for each in found if isinstance(each, Question)],
        [each for each in found if isinstance(each, HandMadeLie)],
        [each for each in found if isinstance(each, HandMadeTruth)],
    )


def check_entries(asked: Asked, known: Iterable[str]) -> None:
    """Raise EvaluationError if a row names an entry that the base does not have."""
    named = {name for each in asked.questions for name in each.entries or ()}
    named |= {lie.entry for lie in asked.lies} | {truth.entry for truth in asked.truths}
    missing = sorted(named - set(known))
    if missing:
        raise EvaluationError(f"The base has no entry {missing[0]}.")


def _read(row: Row) -> _Row:
    marks = {"lie": HandMadeLie, "truth": HandMadeTruth}
    form: type[Any] = next((marks[mark] for mark in marks if mark in row.values), Question)
    unknown = row.values.keys() - set(form.__dataclass_fields__)
    if unknown:
        raise RowFault(f"the row has a field {min(unknown)}, which is not known")
    try:
        made: _Row = msgspec.convert(row.values, form)
    except msgspec.ValidationError as fault:
        raise RowFault(str(fault)) from None
    if isinstance(made, Question) and not (made.asks and all(made.asks)):
        raise RowFault("asks must hold a message at least")
    return made


def _any_in(either: str, text: str) -> bool:
    return any(comparable(each) in text for each in either.split("|"))

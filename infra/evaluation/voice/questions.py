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
class Asked:
    """All that is asked: questions, and falsehoods made by hand."""

    questions: Sequence[Question]
    lies: Sequence[HandMadeLie] = ()


def read_asked(files: Iterable[Path]) -> Asked:
    """Return what some files hold; EvaluationError lists the faults of the first bad one."""
    found: list[Question | HandMadeLie] = []
    for file in files:
        found += convert(read_rows(file), _read)
    questions = [each for each in found if isinstance(each, Question)]
    return Asked(questions, [each for each in found if isinstance(each, HandMadeLie)])


def check_entries(asked: Asked, known: Iterable[str]) -> None:
    """Raise EvaluationError if a row names an entry that the base does not have."""
    named = {name for each in asked.questions for name in each.entries or ()}
    missing = sorted((named | {each.entry for each in asked.lies}) - set(known))
    if missing:
        raise EvaluationError(f"The base has no entry {missing[0]}.")


def _read(row: Row) -> Question | HandMadeLie:
    form: type[Any] = HandMadeLie if "lie" in row.values else Question
    unknown = row.values.keys() - set(form.__dataclass_fields__)
    if unknown:
        raise RowFault(f"the row has a field {min(unknown)}, which is not known")
    try:
        made: Question | HandMadeLie = msgspec.convert(row.values, form)
    except msgspec.ValidationError as fault:
        raise RowFault(str(fault)) from None
    if isinstance(made, Question) and not (made.asks and all(made.asks)):
        raise RowFault("asks must hold a message at least")
    return made


def _any_in(either: str, text: str) -> bool:
    return any(comparable(each) in text for each in either.split("|"))

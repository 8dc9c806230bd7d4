"""Labelled sets as data: what is asked, and what would be right."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.jobs import AnswerKind

Choice = Literal["first", "second", "third", "other", "none", "yes"]


@dataclass(frozen=True, slots=True)
class Question:
    """A message and the entries that serve, any of them; none if the base has no answer.

    `place` is where it was read, FILE:LINE.
    """

    text: str
    gold: frozenset[str]
    place: str = ""


@dataclass(frozen=True, slots=True)
class ToneExample:
    """A message and how it sounds to people."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two messages, and whether the second asks the same as the first."""

    first: str
    second: str
    same: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of a dialogue, and what is right to answer it with.

    `entries` serve, any of them. `kind` is set where only that kind of reply is right; for a
    clarification, `entries` are what it must offer. `choice` is what the turn picks among the
    alternatives that the reply before it offered. `context`: it is understood only with what came
    before. `reask`: it asks again what came before. `scored`: something is known to be right.
    """

    text: str
    entries: frozenset[str] = frozenset()
    kind: AnswerKind | None = None
    choice: Choice | None = None
    context: bool = False
    reask: bool = False

    @property
    def scored(self) -> bool:
        """Tell whether it is known what is right."""
        return bool(self.entries or self.kind or self.choice)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The messages of one person in one conversation."""

    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """What a number of files hold together, in their order. Each part may be empty."""

    questions: Sequence[Question] = field(default=())
    tones: Sequence[ToneExample] = field(default=())
    pairs: Sequence[Pair] = field(default=())
    dialogues: Sequence[Dialogue] = field(default=())

    def __add__(self, other: "LabelledSet") -> "LabelledSet":
        """Return the rows of both."""
        return LabelledSet(
            [*self.questions, *other.questions],
            [*self.tones, *other.tones],
            [*self.pairs, *other.pairs],
            [*self.dialogues, *other.dialogues],
        )

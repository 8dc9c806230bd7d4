"""Dialogues of several turns over the demo base, to measure answers in context."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

HERE = Path(__file__).parent

Split = Literal["development", "kept"]
Kind = Literal["answer", "clarify", "handover", "fallback", "recall", "smalltalk"]
Choice = Literal["first", "second", "third", "other", "none", "yes"]


@dataclass(frozen=True, slots=True)
class Turn:
    """Hold one message of a customer and what is right to answer it with.

    `entries` are the entries that serve: any of them is right, empty where no entry counts.
    `kind` is set where only that kind of reply is right. For a handover the kind alone counts;
    for a clarification, `entries` are the alternatives that it should offer.
    `context` marks a turn that is understood only with those before it; a turn without the
    mark must be answered as if it came first. `reask` repeats the question before it.
    `choice` is what the turn picks among the alternatives that the reply before it offered, so
    that the right entry depends on their order: skip the turn where the reply offered none.
    """

    user: str
    entries: tuple[str, ...]
    kind: Kind | None
    choice: Choice | None
    context: bool
    reask: bool


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Hold the turns of one customer in one conversation."""

    name: str
    split: Split
    turns: tuple[Turn, ...]


@cache
def dialogues(split: Split | None = None) -> tuple[Dialogue, ...]:
    """Return the dialogues of a split, or all of them."""
    rows = yaml.safe_load((HERE / "dialogues.yaml").read_text("utf-8"))
    read = (_dialogue(row) for row in rows)
    return tuple(dialogue for dialogue in read if split in (None, dialogue.split))


def _dialogue(row: dict[str, Any]) -> Dialogue:
    return Dialogue(row["name"], row["split"], tuple(_turn(turn) for turn in row["turns"]))


def _turn(row: dict[str, Any]) -> Turn:
    entry = row.get("entry")
    entries = tuple(entry) if isinstance(entry, list) else (entry,) if entry else ()
    kind, choice = row.get("kind"), row.get("choice")
    return Turn(row["user"], entries, kind, choice, row["context"], row.get("reask", False))

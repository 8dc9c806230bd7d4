"""Labelled public sets read as knowledge bases with people's messages, to fit and measure on.

The files are not part of the project: JSON lines as named below, in a folder of the caller's.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from workers.knowledge.head import Indices
from workers.knowledge.loader import DEMO, load

DEVELOPMENT_QUESTIONS = Path(__file__).with_name("development_questions.yaml")
OUT = -1  # the gold entry of a message that no entry answers
_CLINC_TRAINING_ROWS = 14_972  # of clinc150_dev.jsonl; validation and out-of-scope rows follow
_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class LabelledBase:
    """A base as texts, and messages with the index of the entry that answers, or OUT.

    `answers` are by entry; empty where a set has none.
    """

    name: str
    wordings: tuple[str, ...]
    entry_index: Indices
    answers: tuple[str, ...]
    messages: tuple[str, ...]
    gold: Indices

    @property
    def in_scope(self) -> NDArray[np.bool_]:
        """Return for each message whether an entry answers it."""
        return np.asarray(self.gold != OUT, np.bool_)

    def with_messages(self, messages: Sequence[str], gold: Sequence[int]) -> "LabelledBase":
        """Return the base with more messages."""
        return replace(
            self,
            messages=(*self.messages, *messages),
            gold=np.concatenate([self.gold, np.array(gold, np.intp)]),
        )


def curekart(folder: Path) -> LabelledBase:
    """Read HINT3 Curekart: a live bot's traffic, over half of it out of scope."""
    base, queries = _rows(folder, "hint3_curekart_kb"), _rows(folder, "hint3_curekart_queries")
    return _by_label("curekart", base, queries)


def clinc(folder: Path) -> LabelledBase:
    """Read CLINC150: its training rows as base, its validation and out-of-scope rows asked."""
    rows = _rows(folder, "clinc150_dev")
    return _by_label("clinc150", rows[:_CLINC_TRAINING_ROWS], rows[_CLINC_TRAINING_ROWS:])


def banking(folder: Path, out_of_scope: Sequence[str]) -> Iterator[LabelledBase]:
    """Yield Banking77's training rows in five folds, with out-of-scope messages of another set."""
    rows = _rows(folder, "banking77_train")
    folds = np.random.default_rng(0).permutation(len(rows)) % _FOLDS
    for fold in range(_FOLDS):
        kept = [row for row, each in zip(rows, folds, strict=True) if each != fold]
        held = [row for row, each in zip(rows, folds, strict=True) if each == fold]
        base = _by_label("banking77", kept, held)
        yield base.with_messages(out_of_scope, [OUT] * len(out_of_scope))


def stackfaq(folder: Path) -> LabelledBase:
    """Read StackFAQ: 110 questions with one wording each."""
    base, queries = _rows(folder, "stackfaq_kb"), _rows(folder, "stackfaq_queries")
    places = {row["id"]: place for place, row in enumerate(base)}
    return LabelledBase(
        "stackfaq",
        tuple(row["question"] for row in base),
        np.arange(len(base)),
        tuple(row["answer"] for row in base),
        tuple(row["text"] for row in queries),
        np.array([places.get(row["gold"], OUT) for row in queries], np.intp),
    )


def demo(questions: Path = DEVELOPMENT_QUESTIONS) -> LabelledBase:
    """Read the demo base with the questions that are there to tune on."""
    entries = load(DEMO).entries
    rows = yaml.safe_load(questions.read_text("utf-8"))
    asked, unasked = rows["answerable"], rows["unanswerable"]
    places = {entry.id: place for place, entry in enumerate(entries)}
    gold = [places[row["entry"]] for row in asked] + [OUT] * len(unasked)
    wordings = [entry.all_phrasings for entry in entries]
    return LabelledBase(
        "demo",
        tuple(text for texts in wordings for text in texts),
        np.repeat(np.arange(len(entries)), [len(texts) for texts in wordings]),
        tuple(entry.answer for entry in entries),
        tuple(row["question"] for row in (*asked, *unasked)),
        np.array(gold, np.intp),
    )


def _by_label(
    name: str, rows: Sequence[dict[str, Any]], queries: Sequence[dict[str, Any]]
) -> LabelledBase:
    labels = sorted({row["label"] for row in rows})
    places = {label: place for place, label in enumerate(labels)}
    ordered = sorted(rows, key=lambda row: places[row["label"]])
    return LabelledBase(
        name,
        tuple(row["text"] for row in ordered),
        np.array([places[row["label"]] for row in ordered], np.intp),
        ("",) * len(labels),
        tuple(row["text"] for row in queries),
        np.array([places.get(row["label"], OUT) for row in queries], np.intp),
    )


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    lines = (folder / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]

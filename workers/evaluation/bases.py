"""A knowledge base from what a team has: Parley's own form, a list of answers, labelled messages.

What is not in Parley's form is written as such a file, so that the pipeline reads it as any other.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from shared.errors import EvaluationError
from workers.evaluation.labelled import Question
from workers.evaluation.rows import Row, convert, read_rows, text_of
from workers.knowledge.base import Entry, plain
from workers.knowledge.loader import load
from workers.knowledge.schema import FIELDS, MAX_ANSWER_CHARACTERS, MAX_PHRASING_CHARACTERS

_MAX_FAULTS = 10
_NOT_ID = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Base:
    """Entries, and where they came from.

    `file` is what the pipeline can read as it is, None if there is no such file. `ids` are the
    entries' ids by label, where they differ. `doubled` counts the wordings that were left out
    because an entry before claims them too.
    """

    entries: tuple[Entry, ...]
    file: Path | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    doubled: int = 0

    def without(self, ids: frozenset[str]) -> "Base":
        """Return the base without some entries."""
        kept = tuple(each for each in self.entries if each.id not in ids)
        return replace(self, entries=kept, file=None)

    def placed(self, questions: Iterable[Question]) -> list[Question]:
        """Return questions whose labels are ids of this base; EvaluationError for unknown ones."""
        named = [
            replace(each, gold=frozenset(self.ids.get(label, label) for label in each.gold))
            for each in questions
        ]
        known = {entry.id for entry in self.entries}
        faults = [
            f"{question.place}: the base has no entry {label}"
            for question in named
            for label in sorted(question.gold - known)
        ]
        if faults:
            more = [f"and {len(faults) - _MAX_FAULTS} more"] if len(faults) > _MAX_FAULTS else []
            raise EvaluationError("\n".join([*faults[:_MAX_FAULTS], *more]))
        return named


def read_base(path: Path) -> Base:
    """Read a base of any form; EvaluationError or KnowledgeError names file, line and fault."""
    if path.suffix.lower() == ".jsonl" and path.is_file():
        rows = read_rows(path)
        fields = rows[0].values.keys()
        if "label" in fields and "text" in fields:
            return base_of(convert(rows, _labelled))
        if "answer" in fields and not fields <= set(FIELDS):
            return _single_claims(convert(rows, _entry))
    return Base(load(path).entries, path)


def base_of(questions: Iterable[Question]) -> Base:
    """Make an entry of each label: its messages are the wordings, its name is the answer."""
    wordings: dict[str, list[str]] = {}
    for question in questions:
        for label in sorted(question.gold):
            wordings.setdefault(label, []).append(question.text[:MAX_PHRASING_CHARACTERS])
    ids = _entry_ids(wordings)
    entries = [
        Entry(ids[label], texts[0], _words(label), tuple(texts[1:]))
        for label, texts in wordings.items()
    ]
    return replace(_single_claims(entries), ids=ids)


def _entry_ids(labels: Iterable[str]) -> Mapping[str, str]:
    # A label is its own id if it can be one.
    ids = {label: _NOT_ID.sub("-", label).strip("-._")[:128] or "entry" for label in labels}
    clashes = len(set(ids.values())) < len(ids)
    return {k: f"{v[:119]}-{_digest(k.encode())}" for k, v in ids.items()} if clashes else ids


def file_of(base: Base, folder: Path) -> Path:
    """Return the base's own file, or one in Parley's form in `folder`, named by its content."""
    if base.file is not None:
        return base.file
    lines = b"".join(msgspec.json.encode(_row(entry)) + b"\n" for entry in base.entries)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_digest(lines)}.jsonl"
    path.write_bytes(lines)
    return path


def _labelled(row: Row) -> Question:
    label = row.values["label"]
    gold = frozenset({text_of(row, "label")} - {"oos"}) if label is not None else frozenset()
    return Question(text_of(row, "text"), gold)


def _entry(row: Row) -> Entry:
    question = text_of(row, "question")[:MAX_PHRASING_CHARACTERS]
    return Entry(text_of(row, "id"), question, text_of(row, "answer")[:MAX_ANSWER_CHARACTERS])


def _single_claims(entries: Sequence[Entry]) -> Base:
    """Leave each wording to the first entry that claims it, as a base must."""
    claimed: set[str] = set()
    kept: list[Entry] = []
    doubled = 0
    for entry in entries:
        own = [text for text in entry.all_phrasings if plain(text) and plain(text) not in claimed]
        doubled += len(entry.all_phrasings) - len(own)
        claimed.update(map(plain, own))
        if own:
            kept.append(replace(entry, question=own[0], phrasings=tuple(own[1:])))
    if not kept:
        raise EvaluationError("The base has no entries.")
    return Base(tuple(kept), doubled=doubled)


def _row(entry: Entry) -> dict[str, object]:
    row: dict[str, object] = {"id": entry.id, "question": entry.question, "answer": entry.answer}
    more = {
        "phrasings": list(entry.phrasings),
        "tones": dict(entry.tones),
        "tags": list(entry.tags),
        "handover": entry.handover,
    }
    return row | {name: value for name, value in more.items() if value}


def _words(label: str) -> str:
    return _NOT_ID.sub(" ", label).replace("_", " ").strip().capitalize() or label


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:8]

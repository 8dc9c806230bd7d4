"""A knowledge base as data: entries, their phrasings and the faults a file of them may have."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from shared.wordings import plain as plain

_REVISION_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing the team can answer.

    `phrasings` are ways to ask it other than `question`; `answer` and the values of `tones` are
    Markdown; `handover` means that a person takes over when this entry is meant.
    """

    id: str
    question: str
    answer: str
    phrasings: tuple[str, ...] = ()
    tones: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    handover: bool = False

    @property
    def all_phrasings(self) -> tuple[str, ...]:
        """Return the question and its phrasings, each once."""
        seen: dict[str, str] = {}
        for text in (self.question, *self.phrasings):
            seen.setdefault(plain(text), text)
        return tuple(seen.values())


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """Entries in the order of their files."""

    entries: tuple[Entry, ...]

    @property
    def revision(self) -> str:
        """Return a digest of all that the entries say; how their files say it does not count."""
        content = msgspec.json.encode(self.entries)
        return hashlib.sha256(content).hexdigest()[:_REVISION_DIGITS]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong in a knowledge base, and its place; `line` counts from 1, 0 means the whole."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{where}: {self.message}"


def without(base: KnowledgeBase, ids: Iterable[str], phrasings: Iterable[str]) -> KnowledgeBase:
    """Return a base without some entries, and without phrasings that another base claims."""
    gone, claimed = set(ids), {plain(text) for text in phrasings}
    kept = (_less(entry, claimed) for entry in base.entries if entry.id not in gone)
    return KnowledgeBase(tuple(entry for entry in kept if entry is not None))


def _less(entry: Entry, claimed: set[str]) -> Entry | None:
    left = tuple(text for text in entry.all_phrasings if plain(text) not in claimed)
    if not left:
        return None
    return Entry(entry.id, left[0], entry.answer, left[1:], entry.tones, entry.tags, entry.handover)

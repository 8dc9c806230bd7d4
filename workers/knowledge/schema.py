"""What an entry must look like: every fault of every field, not only the first."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.identifiers import IDENTIFIER_FORM, is_identifier
from workers.knowledge.base import Entry, Fault, plain
from workers.knowledge.records import Located, Pairs

FIELDS = ("id", "question", "phrasings", "answer", "tones", "tags", "handover")
REQUIRED = ("id", "question", "answer")
TONES = ("negative", "positive")
MAX_PHRASING_CHARACTERS = 1_000
MAX_ANSWER_CHARACTERS = 20_000
_SAID_OTHERWISE = ("a number", "a date", "a truth value")
_NOTHING = "empty"
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry, and the lines on which its id and its phrasings stand."""

    entry: Entry
    file: Path
    line: int
    phrasing_lines: tuple[tuple[str, int], ...]


class EntryReader:
    """Turn the records of one file into entries, collecting faults and warnings on the way.

    A warning names what is taken, but may not be what was meant.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []

    def entry(self, record: Located) -> Placed | None:
        """Return a record as an entry, or None when it has a fault."""
        before = len(self.faults)
        if not isinstance(record.value, Pairs):
            self._fault(record, f"an entry must be a mapping, this is {record.kind}")
            return None
        fields = self._mapping(record.value, FIELDS, "an entry")
        missing = [name for name in REQUIRED if name not in fields]
        for name in missing:
            self._fault(record, f"the entry has no {name}")
        values = {name: _READERS[name](self, value, name) for name, value in fields.items()}
        if len(self.faults) > before:
            return None
        return Placed(Entry(**values), self._file, record.line, _phrasing_lines(fields))

    def _mapping(
        self, pairs: Sequence[tuple[Located, Located]], allowed: Sequence[str], what: str
    ) -> dict[str, Located]:
        fields: dict[str, Located] = {}
        for key, value in pairs:
            if key.value not in allowed:
                names = ", ".join(allowed)
                self._fault(key, f"unknown key {_shown(key.value)}; {what} takes {names}")
            elif key.value in fields:
                self._fault(key, f"{key.value} is given twice")
            else:
                fields[key.value] = value
        return fields

    def text(self, located: Located, name: str, limit: int = MAX_PHRASING_CHARACTERS) -> str:
        """Return a text that says something, without the space around it.

        A number, a date or a truth value is taken as it is written, with a warning.
        """
        if located.kind != "text" and not (located.kind in _SAID_OTHERWISE and located.written):
            self._fault(located, f"{name} must be text, this is {located.kind}{_hint(located)}")
            return ""
        text = str(located.written or located.value).strip()
        if located.kind != "text":
            self._warn(located, f"{name} {_shown(text)} is {located.kind}; taken as this text")
        if located.lost:
            said = f"{located.lost} is no part of it; put it all in quotes if it is meant"
            self._warn(located, f"{name} {_shown(text)}: {said}")
        if "\0" in text:
            self._fault(located, f"{name} holds a NUL character")
        elif not plain(text):
            self._fault(located, f"{name} is empty")
        if control := _CONTROL.search(text):
            said = f'U+{ord(control[0]):04X}; between "…" a backslash begins an escape'
            self._warn(located, f"{name} {_shown(text)} holds the control character {said}")
        if len(text) > limit:
            self._fault(located, f"{name} has {len(text)} characters; at most {limit} are taken")
        return text

    def identifier(self, located: Located, name: str) -> str:
        """Return an id; a whole number is one as it is written."""
        if located.kind == "a number" and located.written.isdecimal() and not located.lost:
            located = Located(located.written, located.line, "text")
        text = self.text(located, name)
        if text and not is_identifier(text):
            self._fault(located, f"id {_shown(text)} must be {IDENTIFIER_FORM}")
        return text

    def answer(self, located: Located, name: str) -> str:
        """Return Markdown."""
        return self.text(located, name, MAX_ANSWER_CHARACTERS)

    def texts(self, located: Located, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        if located.kind != "a list":
            self._fault(located, f"{name} must be a list, this is {located.kind}")
            return ()
        return tuple(self.text(item, f"one of the {name}") for item in located.value)

    def tones(self, located: Located, name: str) -> dict[str, str]:
        """Return answers by tone."""
        if not isinstance(located.value, Pairs):
            self._fault(located, f"{name} must be a mapping, this is {located.kind}")
            return {}
        fields = self._mapping(located.value, TONES, name)
        return {key: self.answer(value, f"tones.{key}") for key, value in fields.items()}

    def boolean(self, located: Located, name: str) -> bool:
        """Return true or false."""
        if located.kind != "a truth value":
            self._fault(located, f"{name} must be true or false, this is {located.kind}")
            return False
        return bool(located.value)

    def _fault(self, located: Located, message: str) -> None:
        self.faults.append(Fault(self._file, located.line, message))

    def _warn(self, located: Located, message: str) -> None:
        self.warnings.append(Fault(self._file, located.line, message))


_READERS: dict[str, Callable[[EntryReader, Located, str], Any]] = {
    "id": EntryReader.identifier,
    "question": EntryReader.text,
    "phrasings": EntryReader.texts,
    "answer": EntryReader.answer,
    "tones": EntryReader.tones,
    "tags": EntryReader.texts,
    "handover": EntryReader.boolean,
}


def _phrasing_lines(fields: dict[str, Located]) -> tuple[tuple[str, int], ...]:
    phrasings = fields["phrasings"].value if "phrasings" in fields else ()
    return tuple((_said(item), item.line) for item in (fields["question"], *phrasings))


def _said(located: Located) -> str:
    return str(located.written or located.value)


def _hint(located: Located) -> str:
    listed = located.kind in ("a list", "a mapping", _NOTHING)
    return "" if listed else "; put it in quotes if it is meant as text"


def _shown(value: object) -> str:
    return repr(value)[:80]

"""The ledger: what each client saw, line by line on disk, and the story of each message in it."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

Event = Literal["sent", "accepted", "answered", "failed", "refused", "gave_up", "trouble"]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something a client saw; `at` is Unix seconds, `number` the message's.

    `digest` stands for a reply's text, `detail` for a problem's type or a connection's fault.
    """

    at: float
    number: int
    event: Event
    job_id: str | None = None
    digest: str | None = None
    detail: str | None = None


class Ledger:
    """Append entries from any thread; each is on its way to the disk when `note` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()
        self._encode = msgspec.json.Encoder().encode

    def note(self, entry: Entry) -> None:
        """Write one line."""
        with self._lock:
            self._file.write(self._encode(entry) + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_ledger(path: Path) -> list[Entry]:
    """Return all whole lines in order of time."""
    with path.open("rb") as lines:
        entries = list(_entries(lines))
    return sorted(entries, key=lambda entry: entry.at)


def _entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    read = msgspec.json.Decoder(Entry).decode
    for line in lines:
        if line.endswith(b"\n"):
            yield read(line)


@dataclass(slots=True)
class Story:
    """What one client knows of one message in the end."""

    sent_at: float | None = None
    accepted_at: float | None = None
    ended_at: float | None = None
    ending: Literal["answered", "failed", "refused"] | None = None
    digest: str | None = None
    detail: str | None = None
    gave_up: bool = False
    attempts: int = 0
    job_ids: set[str] = field(default_factory=set)
    digests: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)


def stories(entries: Iterable[Entry]) -> dict[int, Story]:
    """Return the story of each message that was sent; entries come in order of time."""
    told: dict[int, Story] = {}
    for entry in entries:
        _tell(told.setdefault(entry.number, Story()), entry)
    return told


def _tell(story: Story, entry: Entry) -> None:
    if entry.event == "sent":
        story.attempts += 1
        story.sent_at = story.sent_at or entry.at
    elif entry.event == "accepted":
        story.accepted_at = story.accepted_at or entry.at
    elif entry.event == "gave_up":
        story.gave_up = True
    elif entry.event == "trouble":
        story.troubles.append(entry.detail or "?")
    else:
        story.ending, story.detail = entry.event, entry.detail
        story.ended_at = story.ended_at or entry.at
    if entry.job_id:
        story.job_ids.add(entry.job_id)
    if entry.digest:
        story.digest = entry.digest
        story.digests.add(entry.digest)

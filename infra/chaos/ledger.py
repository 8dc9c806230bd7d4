"""The ledger: what each client saw, line by line on disk, and the history of each message in it."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

Event = Literal["sent", "accepted", "answered", "failed", "refused", "gave_up", "trouble", "torn"]


class LedgerEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something a client saw; `at` is Unix seconds, `number` the message's.

    `digest` stands for a reply's text, `words` tells whose it is; `detail` is a problem's type, a
    connection's error, or what a stream said (`torn`) that is not its reply.
    """

    at: float
    number: int
    event: Event
    job_id: str | None = None
    digest: str | None = None
    detail: str | None = None
    words: str | None = None


class Ledger:
    """Append entries from any thread; each is written to the file when `record` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()
        self._encode = msgspec.json.Encoder().encode

    def record(self, entry: LedgerEntry) -> None:
        """Write one line."""
        with self._lock:
            self._file.write(self._encode(entry) + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_ledger(path: Path) -> list[LedgerEntry]:
    """Return all whole lines in order of time."""
    with path.open("rb") as lines:
        entries = list(_entries(lines))
    return sorted(entries, key=lambda entry: entry.at)


def _entries(lines: Iterable[bytes]) -> Iterator[LedgerEntry]:
    read = msgspec.json.Decoder(LedgerEntry).decode
    for line in lines:
        if line.endswith(b"\n"):
            yield read(line)


@dataclass(slots=True)
class MessageHistory:
    """What one client knows about one message in the end."""

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
    torn: list[str] = field(default_factory=list)
    words: str | None = None


def histories(entries: Iterable[LedgerEntry]) -> dict[int, MessageHistory]:
    """Return the history of each message that was sent; entries come in order of time."""
    sent: dict[int, MessageHistory] = {}
    for entry in entries:
        _apply(sent.setdefault(entry.number, MessageHistory()), entry)
    return sent


def _apply(history: MessageHistory, entry: LedgerEntry) -> None:
    if entry.event == "sent":
        history.attempts += 1
        history.sent_at = history.sent_at or entry.at
    elif entry.event == "accepted":
        history.accepted_at = history.accepted_at or entry.at
    elif entry.event == "gave_up":
        history.gave_up = True
    elif entry.event == "trouble" or entry.event == "torn":
        noted = history.troubles if entry.event == "trouble" else history.torn
        noted.append(entry.detail or "?")
    else:
        history.ending, history.detail = entry.event, entry.detail
        history.ended_at = history.ended_at or entry.at
    if entry.job_id:
        history.job_ids.add(entry.job_id)
    if entry.digest:
        history.words = entry.words
        history.digest = entry.digest
        history.digests.add(entry.digest)

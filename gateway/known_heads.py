"""Heads of requests that were parsed before: clients repeat them, but for their body's length.

gunicorn parses a form of a head once, and decides what is valid. What is found here was valid in
every byte that is not a digit of Content-Length.
"""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gunicorn.http.body import LengthReader

MAX_HEAD_BYTES = 2_048
MAX_HEADS = 512
_END_OF_HEAD = b"\r\n\r\n"
_CONTENT_LENGTH = "CONTENT-LENGTH"
_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]{1,9})\r\n", re.IGNORECASE)
# What comes with these is read anew each time.
_NEVER_KEPT = frozenset(("TRANSFER-ENCODING", "EXPECT", "UPGRADE"))


@dataclass(slots=True)
class KnownHead:
    """A head as gunicorn has parsed it, and what others have made of it.

    `fields` are a request's attributes. `length_at` is where its length stands among the headers,
    -1 if it has none. `environ` is the part of a WSGI environment that depends on nothing else,
    `form` what a refusal of such a request depends on, None if that is not known; both are empty
    until somebody fills them in.
    """

    fields: Mapping[str, Any]
    length_at: int
    closes: bool
    environ: Mapping[str, Any] = field(default_factory=dict)
    form: tuple[Hashable, ...] | None = ()


@dataclass(frozen=True, slots=True)
class FoundHead:
    """A known head at the beginning of what was received; the body's `length`, and where it is."""

    known: KnownHead
    length: str
    body_at: int


class KnownHeads:
    """Keep parsed heads, bounded in size and number: the oldest go first, all at once."""

    def __init__(self) -> None:
        self._heads: dict[bytes, KnownHead] = {}

    def find(self, received: bytes) -> FoundHead | None:
        """Return the head that was received, if it is whole and known."""
        end = received.find(_END_OF_HEAD, 0, MAX_HEAD_BYTES)
        if end <= 0:
            return None
        form, length = _without_length(received[: end + 2])
        known = self._heads.get(form)
        if known is None or bool(length) != (known.length_at >= 0):
            return None
        return FoundHead(known, length, end + len(_END_OF_HEAD))

    def keep(self, received: bytes, request: Any) -> KnownHead | None:
        """Keep a request's head, which stood at the beginning of what was received."""
        end = received.find(_END_OF_HEAD, 0, MAX_HEAD_BYTES)
        names = [name for name, _ in request.headers]
        if end <= 0 or not _NEVER_KEPT.isdisjoint(names) or not _has_length(request):
            return None
        form, length = _without_length(received[: end + 2])
        if bool(length) != (_CONTENT_LENGTH in names):
            return None  # it is written in another way
        if _bytes_left(request) != len(received) - end - len(_END_OF_HEAD):
            return None  # a parser that takes other ends of lines has found its end elsewhere
        if len(self._heads) >= MAX_HEADS:
            self._heads.clear()
        fields = {**vars(request), "unreader": None, "body": None}
        length_at = names.index(_CONTENT_LENGTH) if length else -1
        known = self._heads[form] = KnownHead(fields, length_at, request.should_close())
        return known


def _without_length(head: bytes) -> tuple[bytes, str]:
    """Return a head without the digits of its body's length, and those."""
    found = _LENGTH.search(head)
    if found is None:
        return head, ""
    start, end = found.span(1)
    return head[:start] + head[end:], found[1].decode()


def _bytes_left(request: Any) -> int:
    """Return how much the parser has given back, having read a head."""
    return int(request.unreader.buf.getbuffer().nbytes)


def _has_length(request: Any) -> bool:
    return isinstance(request.body.reader, LengthReader)

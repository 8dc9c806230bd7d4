"""Heads of requests that were parsed before: clients repeat them, but for a few headers' values.

gunicorn parses a form of a head once, and decides what is valid. What is found here was valid in
every byte that is not such a value: the digits of Content-Length, or visible characters that
gunicorn takes in any header and that tell it nothing, in one that names a request.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gunicorn.http.body import LengthReader

MAX_HEAD_BYTES = 2_048
MAX_HEADS = 512
_END_OF_HEAD = b"\r\n\r\n"
_CONTENT_LENGTH = "CONTENT-LENGTH"
# What a value follows, and the value. A line of another kind is seen to be by its first letter.
_OWN_VALUE = re.compile(
    rb"(\r\n(?=[citx])(?:content-length: (?=[0-9]{1,9}\r)|(?:traceparent|tracestate|idempotency-key"
    rb"|x-(?:request-id|forwarded-for|real-ip)): (?=[!-~](?:[ -~]{0,254}[!-~])?\r)))([^\r]+)",
    re.IGNORECASE,
)
# What comes with these is read anew each time.
_NEVER_KEPT = frozenset(("TRANSFER-ENCODING", "EXPECT", "UPGRADE"))


@dataclass(frozen=True, slots=True)
class OwnValue:
    """A header whose value is each request's own: where it stands among the headers, its names."""

    at: int
    name: str
    variable: str


@dataclass(slots=True)
class KnownHead:
    """A head as gunicorn has parsed it, and what others have made of it.

    `fields` are a request's attributes, `own` the headers of which a request brings the value.
    `environ` is the part of a WSGI environment that depends on nothing else, `form` what a refusal
    of such a request depends on, None if that is not known; both are empty until somebody fills
    them in.
    """

    fields: Mapping[str, Any]
    own: Sequence[OwnValue]
    closes: bool
    environ: Mapping[str, Any] = field(default_factory=dict)
    form: tuple[Hashable, ...] | None = ()


@dataclass(frozen=True, slots=True)
class FoundHead:
    """A known head at the beginning of what was received; its own `values`, and where its body is.

    `length` is the body's.
    """

    known: KnownHead
    values: Sequence[str]
    length: int
    body_at: int


class KnownHeads:
    """Keep parsed heads, bounded in size and number: the oldest go first, all at once."""

    def __init__(self) -> None:
        self._heads: dict[tuple[bytes, ...], KnownHead] = {}

    def find(self, received: bytes) -> FoundHead | None:
        """Return the head that was received, if it is whole and known."""
        end = received.find(_END_OF_HEAD, 0, MAX_HEAD_BYTES)
        if end <= 0:
            return None
        parts = _OWN_VALUE.split(received[: end + 2])
        known = self._heads.get(_form(parts))
        if known is None:
            return None
        values, length = [value.decode() for value in parts[2::3]], 0
        for own, value in zip(known.own, values, strict=True):
            if own.name == _CONTENT_LENGTH:
                length = int(value)
        return FoundHead(known, values, length, end + len(_END_OF_HEAD))

    def keep(self, received: bytes, request: Any) -> KnownHead | None:
        """Keep a request's head, which stood at the beginning of what was received."""
        end = received.find(_END_OF_HEAD, 0, MAX_HEAD_BYTES)
        names = [name for name, _ in request.headers]
        if end <= 0 or not _NEVER_KEPT.isdisjoint(names) or not _has_length(request):
            return None
        if 0 < request.limit_request_field_size < MAX_HEAD_BYTES:
            return None  # another value might be too long
        if _bytes_left(request) != len(received) - end - len(_END_OF_HEAD):
            return None  # a parser that takes other ends of lines has found its end elsewhere
        parts = _OWN_VALUE.split(received[: end + 2])
        own = _own_values(parts, request.headers)
        if own is None or (_CONTENT_LENGTH in names) != any(
            each.name == _CONTENT_LENGTH for each in own
        ):
            return None  # it is written in another way
        if len(self._heads) >= MAX_HEADS:
            self._heads.clear()
        fields = {**vars(request), "unreader": None, "body": None}
        known = self._heads[_form(parts)] = KnownHead(fields, own, request.should_close())
        return known


def _form(parts: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return a head without its own values, in the pieces between them: none can be mistaken."""
    return (*parts[::3], *parts[1::3])


def _own_values(
    parts: Sequence[bytes], headers: Sequence[tuple[str, str]]
) -> Sequence[OwnValue] | None:
    """Return which headers have the values that were cut out; None if the parser sees others."""
    variables, found = [name.replace("-", "_") for name, _ in headers], list[OwnValue]()
    for before, value in zip(parts[1::3], parts[2::3], strict=True):
        name = before.strip(b"\r\n: ").decode().upper()
        variable = name.replace("-", "_")
        if variables.count(variable) != 1:
            return None
        at = variables.index(variable)
        if headers[at] != (name, value.decode()):
            return None
        prefix = "" if name == _CONTENT_LENGTH else "HTTP_"
        found.append(OwnValue(at, name, prefix + variable))
    return found


def _bytes_left(request: Any) -> int:
    """Return how much the parser has given back, having read a head."""
    return int(request.unreader.buf.getbuffer().nbytes)


def _has_length(request: Any) -> bool:
    return isinstance(request.body.reader, LengthReader)

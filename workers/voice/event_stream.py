"""Server-sent events of a language model's server, read with bounds: the server is not trusted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workers.voice.model_faults import broken

MOST_EVENT_BYTES = 1_000_000
_LINE_ENDS = (b"\n", b"\r")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name, as it is told, and its data."""

    name: bytes
    data: bytes


def read_events(chunks: Iterable[bytes]) -> Iterator[Event]:
    """Yield events as they are complete, a last one without its blank line too.

    Comments and events without data are left out. Raises ModelUnavailable if one is too long.
    """
    name, lines, size = b"", list[bytes](), 0
    for line in _with_end(read_lines(chunks)):
        if not line:
            if lines:
                yield Event(name, b"\n".join(lines))
            name, lines, size = b"", [], 0
            continue
        field, _, value = line.removeprefix(_BYTE_ORDER_MARK).partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value
        elif field == b"error":  # as llama.cpp says it
            yield Event(b"error", value)
        elif field == b"data":
            lines.append(value)
            size += len(value)
            _check(size)


def read_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines without their ends, which are LF, CRLF or CR, wherever chunks are cut."""
    pending, size, is_held = list[bytes](), 0, False
    for chunk in chunks:
        pending.append(chunk)
        size += len(chunk)
        if is_held or any(end in chunk for end in _LINE_ENDS):
            *lines, rest = _split(b"".join(pending))
            yield from lines
            pending, size, is_held = [rest], len(rest), rest.endswith(b"\r")
        _check(size)
    if rest := b"".join(pending):
        yield rest.rstrip(b"\r")


def _split(text: bytes) -> list[bytes]:
    """Return whole lines and the rest; a CR at the end may be half of a CRLF, and is rest."""
    held = b"\r" if text.endswith(b"\r") else b""
    lines = text.removesuffix(held).splitlines(keepends=True)
    is_cut = bool(lines) and not lines[-1].endswith(_LINE_ENDS)
    rest = (lines.pop() if is_cut else b"") + held
    return [*(line.rstrip(b"\r\n") for line in lines), rest]


def _with_end(lines: Iterable[bytes]) -> Iterator[bytes]:
    yield from lines
    yield b""


def _check(size: int) -> None:
    if size > MOST_EVENT_BYTES:
        raise broken("it holds a line that is too long")

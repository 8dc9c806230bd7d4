"""Chat completions as OpenAI-compatible servers send them: in events, or whole."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, TypeVar

import msgspec

from shared.errors import ModelUnavailable
from workers.voice.brief import Usage
from workers.voice.event_stream import MOST_EVENT_BYTES, Event, read_events
from workers.voice.model_faults import broken

MOST_CHARACTERS = 65_536
MOST_TOKENS_TOLD = 10_000_000  # a server that tells more is wrong
_DONE = b"[DONE]"
_COMPLETE = {None, "stop", "eos", "stop_sequence", "end_turn"}
Part = TypeVar("Part")


class _Message(msgspec.Struct):
    """What was written: reasoning and all else that a server adds is left out."""

    content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Message | None = None
    message: _Message | None = None
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None


class Completion:
    """One reply's text, read once, in pieces as they come.

    `usage` is what the server told so far, `characters` how many were read. `is_ended` is set when
    the server said that this is all; `hurry` is called then, as only usage is to come.
    """

    def __init__(self, chunks: Iterator[bytes], hurry: Callable[[], None]) -> None:
        self.usage: Usage | None = None
        self.characters = 0
        self.is_ended = False
        self._chunks = chunks
        self._hurry = hurry
        self._finish: str | None = None

    def pieces(self) -> Iterator[str]:
        """Yield the text. Raises ModelUnavailable if it breaks off or cannot be read."""
        try:
            start = _first_text(self._chunks)
            yield from self._whole(start) if start[:1] == b"{" else self._streamed(start)
        except ModelUnavailable:
            if not self.is_ended:
                raise
        self._check_end()

    def _check_end(self) -> None:
        if self._finish == "length":
            raise ModelUnavailable(
                "The model had not ended when its tokens were used up.", "length"
            )
        if self._finish not in _COMPLETE:
            raise broken("it was ended before its end")
        if not self.is_ended:
            raise broken("it broke off")

    def _streamed(self, start: bytes) -> Iterator[str]:
        for event in read_events(chain((start,), self._chunks)):
            if event.data.strip() == _DONE:
                self.is_ended = True
                return
            yield from self._texts(_decode(event))

    def _whole(self, start: bytes) -> Iterator[str]:
        """Yield the text of an answer that is not a stream, though one was asked for."""
        body = _joined(start, self._chunks)
        yield from self._texts(_decode(Event(b"", body)))
        self.is_ended = True

    def _texts(self, told: _Completion) -> Iterator[str]:
        if told.usage is not None:
            self.usage = _usage(told.usage)
        for choice in (told.choices or [])[:1]:
            self._note_finish(choice.finish_reason)
            part = choice.delta or choice.message
            if part is not None and part.content:
                self._count(part.content)
                yield part.content

    def _count(self, text: str) -> None:
        self.characters += len(text)
        if self.characters > MOST_CHARACTERS:
            raise broken("it is too long")

    def _note_finish(self, reason: str | None) -> None:
        if reason:
            self._finish = reason
            self.is_ended = True
            self._hurry()


def _decode(event: Event) -> _Completion:
    try:
        told = msgspec.json.decode(event.data, type=_Completion)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        told = None
    if event.name == b"error" or (told is not None and told.error is not None):
        raise ModelUnavailable("The model server failed while it answered.", "failed")
    if told is None:
        raise broken("it is malformed")
    return told


def _usage(told: Any) -> Usage | None:
    """Return what a server says was used; None if that cannot be."""
    if not isinstance(told, dict):
        return None
    counts = [told.get(name) for name in ("prompt_tokens", "completion_tokens")]
    prompt, completion = (_tokens(count) for count in counts)
    return None if prompt is None or completion is None else Usage(prompt, completion)


def _tokens(count: Any) -> int | None:
    is_count = isinstance(count, int) and 0 <= count <= MOST_TOKENS_TOLD
    return count if is_count else None


def _first_text(chunks: Iterator[bytes]) -> bytes:
    """Return the first chunks up to one that is more than white space."""
    for chunk in chunks:
        if text := chunk.lstrip():
            return text
    return b""


def _joined(start: bytes, chunks: Iterable[bytes]) -> bytes:
    body = [start]
    size = len(start)
    for chunk in chunks:
        body.append(chunk)
        size += len(chunk)
        if size > MOST_EVENT_BYTES:
            raise broken("it is too long")
    return b"".join(body)

"""Windows of a message that is longer than the encoder reads; its place hides no question."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from workers.reading.questions import is_question
from workers.reading.text import Span, sentences

MAX_WINDOWS = 8
_OVERLAP = 0.25  # of a window at most is repeated from the one before
_PARTS = 4  # a sentence longer than a window is cut into quarters of one

TokenStarts: TypeAlias = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a message that fits the encoder; `asks` if a sentence in it is a question."""

    text: str
    span: Span
    asks: bool


def cut_windows(text: str, token_starts: TokenStarts, room: int) -> tuple[Window, ...]:
    """Return at most 8 windows of at most `room` tokens each that cover a text, in order.

    `token_starts` gives the index of each token's first character, ascending, without special
    tokens; it is called once. Windows begin and end at sentences, or at words where a sentence is
    longer than a window, and overlap where 8 suffice. Of a text over 8 windows' worth, those that
    ask come first, then the last, then the first.
    """
    ruler = _Ruler(text, token_starts(text), room)
    spans = ruler.windows(_OVERLAP)
    if len(spans) > MAX_WINDOWS:
        spans = ruler.windows(0)
    windows = [_window(text, span) for span in spans]
    return tuple(windows if len(windows) <= MAX_WINDOWS else _most_telling(windows))


def asking_sentences(text: str) -> tuple[Span, ...]:
    """Return the sentences of a text that ask or request something, in order."""
    return tuple(span for span in sentences(text) if is_question(span.of(text)))


class _Ruler:
    """Measures a text in tokens and packs its sentences into windows."""

    def __init__(self, text: str, starts: Sequence[int], room: int) -> None:
        self._text = text
        self._starts = starts
        self._room = room
        self._pieces = self._cut()

    def windows(self, overlap: float) -> list[Span]:
        """Fill each window with as many pieces as it holds; begin with the last of the former."""
        pieces, windows, first = self._pieces, [], 0
        while True:
            end = first + 1
            while end < len(pieces) and self._fits(first, end):
                end += 1
            windows.append(Span(pieces[first].start, pieces[end - 1].end))
            if end == len(pieces):
                return windows
            first = self._next_first(first, end, overlap)

    def _fits(self, first: int, last: int) -> bool:
        return self._tokens(self._pieces[first].start, self._pieces[last].end) <= self._room

    def _next_first(self, first: int, end: int, overlap: float) -> int:
        pieces, following = self._pieces, end
        limit = overlap * self._room
        while following - 1 > first and self._fits(following - 1, end):
            if self._tokens(pieces[following - 1].start, pieces[end - 1].end) > limit:
                break
            following -= 1
        return following

    def _tokens(self, start: int, end: int) -> int:
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def _cut(self) -> list[Span]:
        """Part the whole text into sentences, and those that are too long into some words each."""
        starts = [0, *(span.start for span in sentences(self._text)[1:])]
        ends = [*starts[1:], len(self._text)]
        return [
            piece
            for start, end in zip(starts, ends, strict=True)
            for piece in self._shortened(start, end)
        ]

    def _shortened(self, start: int, end: int) -> list[Span]:
        if self._tokens(start, end) <= self._room:
            return [Span(start, end)]
        pieces: list[Span] = []
        while start < end:
            cut = self._word_end(start, end)
            pieces.append(Span(start, cut))
            start = cut
        return pieces

    def _word_end(self, start: int, end: int) -> int:
        first = bisect_left(self._starts, start)
        limit = first + max(1, self._room // _PARTS)
        if limit >= len(self._starts) or self._starts[limit] >= end:
            return end
        space = self._text.rfind(" ", start + 1, self._starts[limit])
        return space + 1 if space > 0 else self._starts[limit]


def _window(text: str, span: Span) -> Window:
    part = span.of(text)
    return Window(part.strip(), span, bool(asking_sentences(part)))


def _most_telling(windows: Sequence[Window]) -> list[Window]:
    last = len(windows) - 1
    ranked = sorted(
        range(len(windows)),
        key=lambda index: (not windows[index].asks, index != last, index),
    )
    return [windows[index] for index in sorted(ranked[:MAX_WINDOWS])]

"""A language model that says what it is told to, whatever it is asked."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from workers.voice.brief import Usage
from workers.voice.language_model import ModelStream, Prompt

_PIECE = re.compile(r"\s*\S{1,5}|\s+")


class _Recital:
    def __init__(self, text: str) -> None:
        self._text = text
        self._said = 0

    def __iter__(self) -> Iterator[str]:
        for piece in _PIECE.findall(self._text):
            self._said += 1
            yield piece

    @property
    def usage(self) -> Usage:
        return Usage(0, self._said)


class LyingModel:
    """Say one text, in pieces that keep no word whole."""

    def __init__(self, text: str) -> None:
        self._text = text

    def stream(
        self, prompts: Sequence[Prompt], *, max_tokens: int, due_at: float
    ) -> AbstractContextManager[ModelStream]:
        """Begin to say it."""
        return nullcontext(_Recital(self._text))

    def gauges(self) -> Mapping[str, float]:
        """Return nothing."""
        return {}

"""A reply that has begun."""

from collections.abc import Iterator
from contextlib import ExitStack

from shared.errors import ModelBusy, ModelUnavailable
from workers.voice.brief import Usage
from workers.voice.completion import Completion
from workers.voice.model_connection import Response
from workers.voice.model_faults import broken, late
from workers.voice.thoughts import without_thoughts

CHARACTERS_PER_TOKEN = 4  # an estimate, for servers that do not tell and replies that were left


class StreamedReply:
    """A reply as its server writes it; it is read once, by one thread.

    `fault` is what ended it, if not its end.
    """

    def __init__(self, response: Response, held: ExitStack, prompt_characters: int) -> None:
        """Wait for the first piece; then what is held is taken over, to be closed with it."""
        self.fault: ModelUnavailable | None = None
        self._response = response
        self._prompt_characters = prompt_characters
        self._completion = Completion(response.chunks, response.hurry)
        self._pieces = without_thoughts(self._completion.pieces())
        first = next(self._pieces, None)
        if first is None:
            raise broken("it is empty")
        self._text = self._all_after(first)
        self._held = held.pop_all()

    def __iter__(self) -> Iterator[str]:
        """Yield the text in pieces; raise ModelUnavailable if it breaks off or time runs out."""
        return self._text

    @property
    def usage(self) -> Usage:
        """Return what the server told, else an estimate by characters."""
        told = self._completion.usage
        return told or Usage(_tokens(self._prompt_characters), _tokens(self._completion.characters))

    def close(self) -> None:
        """End the call; a connection whose reply is not at its end is closed."""
        if self._completion.is_ended and self.fault is None:
            self._response.end()
        self._held.close()

    def _all_after(self, first: str) -> Iterator[str]:
        yield first
        try:
            yield from self._pieces
        except ModelUnavailable as fault:
            self.fault = _once_begun(fault)
            raise self.fault from None


def _once_begun(fault: ModelUnavailable) -> ModelUnavailable:
    """Return what a fault is after the first token: nothing is tried again."""
    if fault.reason == "late":
        return late(has_begun=True)
    return broken("it broke off") if isinstance(fault, ModelBusy) else fault


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)

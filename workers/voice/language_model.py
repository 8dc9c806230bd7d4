"""The port to a language model. The adapter speaks to an OpenAI-compatible server."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from workers.voice.brief import Usage


@dataclass(frozen=True, slots=True)
class Prompt:
    """One message of those that a model is given."""

    role: Literal["system", "user", "assistant"]
    content: str


class ModelStream(Protocol):
    """A reply as a model writes it."""

    def __iter__(self) -> Iterator[str]:
        """Yield the text in pieces; raise ModelUnavailable if it breaks off or time runs out."""

    @property
    def usage(self) -> Usage:
        """Return what was used so far; exact once all was read, if the server tells it."""


class LanguageModel(Protocol):
    """Writes replies. Safe from many threads at once."""

    def stream(
        self, prompts: Sequence[Prompt], *, max_tokens: int, due_at: float
    ) -> AbstractContextManager[ModelStream]:
        """Begin a reply; on leaving the context the server is told to stop.

        `due_at` (monotonic seconds) ends everything: waiting for a place, tries before the first
        token, and the text itself. Raises ModelUnavailable.
        """

    def gauges(self) -> Mapping[str, float]:
        """Return what a heartbeat tells of it: places, how many are taken, whether it is well."""

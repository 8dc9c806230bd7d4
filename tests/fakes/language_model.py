"""A language model that says what a test wants."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared.errors import ModelUnavailable
from workers.voice.brief import Usage
from workers.voice.language_model import Prompt


@dataclass
class SaidStream:
    """Yields pieces, then breaks off if there is a fault."""

    pieces: Sequence[str]
    fault: str | None = None
    usage: Usage = field(default_factory=lambda: Usage(10, 5))
    taken: int = 0

    def __iter__(self) -> Iterator[str]:
        for piece in self.pieces:
            self.taken += 1
            yield piece
        if self.fault:
            raise ModelUnavailable(self.fault)


class SayingModel:
    """Says these pieces to each call; `refuses`: no reply begins."""

    def __init__(
        self,
        *pieces: str,
        fault: str | None = None,
        refuses: str | None = None,
        on_call: Callable[[], object] = bool,
    ) -> None:
        self._pieces, self._fault, self._refuses = pieces, fault, refuses
        self._on_call = on_call
        self.asked: list[Sequence[Prompt]] = []
        self.due: list[float] = []
        self.streams: list[SaidStream] = []
        self.closed = 0
        self.figures: dict[str, float] = {"llm_places": 4.0, "llm_open": 0.0}

    @contextmanager
    def stream(
        self, prompts: Sequence[Prompt], *, max_tokens: int, due_at: float
    ) -> Iterator[SaidStream]:
        self.asked.append(prompts)
        self.due.append(due_at)
        self._on_call()
        if self._refuses:
            raise ModelUnavailable(self._refuses)
        stream = SaidStream(self._pieces, self._fault)
        self.streams.append(stream)
        try:
            yield stream
        finally:
            self.closed += 1

    def gauges(self) -> Mapping[str, float]:
        return self.figures

"""Models opened on a scripted server, and calls of them."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, repeat

import pytest

from shared.clock import SystemClock
from shared.errors import ModelUnavailable
from tests.support.model_server import ModelReply, Script
from workers.voice.breaker import Breaker
from workers.voice.language_model import LanguageModel, Prompt
from workers.voice.model_connection import ModelConnection
from workers.voice.openai_model import OpenAiModel
from workers.voice.places import Places

PROMPTS = [Prompt("system", "Say what is there."), Prompt("user", "How long?")]
TEXT = "Refunds take 5 days. They go to your card."
Opened = Callable[..., OpenAiModel]


@contextmanager
def opening_models() -> Iterator[Opened]:
    """Open models that wait next to nothing before retries; all are closed at the end."""
    with ExitStack() as held:

        def open_one(
            url: str,
            *,
            model: str | None = "m",
            key: str | None = None,
            most: int = 8,
            stall_seconds: float = 5.0,
            paused: list[float] | None = None,
            breaker: Breaker | None = None,
        ) -> OpenAiModel:
            clock = SystemClock()
            connection = ModelConnection(url, key, clock, stall_seconds=stall_seconds)
            pause = (lambda _: None) if paused is None else paused.append
            places = Places(most, clock)
            one = OpenAiModel(
                connection, model, clock, places, breaker or Breaker(clock), pause=pause
            )
            held.callback(one.close)
            return one

        yield open_one


def read(model: LanguageModel, seconds: float = 5.0) -> str:
    due_at = time.monotonic() + seconds
    with model.stream(PROMPTS, max_tokens=50, due_at=due_at) as reply:
        return "".join(reply)


def fault_of(model: LanguageModel, seconds: float = 5.0) -> ModelUnavailable:
    with pytest.raises(ModelUnavailable) as caught:
        read(model, seconds)
    return caught.value


def replies(*several: str | ModelReply) -> Script:
    """Say one after the other, and the last one for ever."""
    said = chain(several, repeat(several[-1]))
    return lambda _: next(said)

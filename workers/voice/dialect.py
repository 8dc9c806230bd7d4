"""Which optional parameters a server takes: not all of the compatible ones take all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workers.voice.language_model import Prompt

TEMPERATURE = 0.2  # close to what is most likely, as nothing may be made up


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a request for a reply holds beyond model and messages."""

    has_stream_options: bool = True
    has_temperature: bool = True
    max_tokens_name: str = "max_tokens"

    def request(self, model: str, prompts: Sequence[Prompt], max_tokens: int) -> dict[str, Any]:
        """Return a request's body."""
        body: dict[str, Any] = {
            "model": model,
            "messages": [{"role": one.role, "content": one.content} for one in prompts],
            "stream": True,
            self.max_tokens_name: max_tokens,
        }
        if self.has_temperature:
            body["temperature"] = TEMPERATURE
        if self.has_stream_options:
            body["stream_options"] = {"include_usage": True}
        return body

    def without(self, complaint: bytes) -> "Dialect | None":
        """Return the dialect to try after a refused request, by what the server said of it."""
        if b"max_completion_tokens" in complaint and self.max_tokens_name == "max_tokens":
            return replace(self, max_tokens_name="max_completion_tokens")
        if b"temperature" in complaint and self.has_temperature:
            return replace(self, has_temperature=False)
        if self.has_stream_options:
            return replace(self, has_stream_options=False)
        return None

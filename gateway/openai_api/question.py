"""A question that came in OpenAI's form, as a chat request, and the conversation it belongs to."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gateway.caller import current_caller
from gateway.chat_request import ChatRequest
from gateway.openai_api.messages import Asked, Said, history_digest
from gateway.queue.histories import Histories
from shared.errors import QueueUnavailable

# No tokenizer here: words, and signs that are none. A model's own count is about a quarter higher.
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked by whom; `conversation_id` is None where only what was said before tells."""

    asked: Asked
    user_id: str | None
    conversation_id: str | None
    streamed: bool

    def chat_request(self, conversation_id: str | None) -> ChatRequest:
        """Return the request that `POST /chat` would take."""
        return ChatRequest(self.asked.question, conversation_id, self.user_id)


class HistoryOf:
    """Finds a question's conversation by what was said before it, and keeps it with the reply."""

    def __init__(self, histories: Histories, question: Question) -> None:
        self._histories = histories
        self._question = question
        self._scope = current_caller().scope
        self._taken: str | None = None

    def conversation_id(self) -> str | None:
        """Return the conversation to go on with; None begins a new one. Raises QueueUnavailable.

        What was said may have been forgotten here, or been said to another server.
        """
        question = self._question
        if question.conversation_id is not None or not question.asked.history:
            return question.conversation_id
        self._taken = self._histories.take(self._digest(question.asked.history))
        return self._taken

    def give_back(self) -> None:
        """Let a conversation be found again that got no answer: the client may ask once more."""
        taken, self._taken = self._taken, None
        if taken is not None:
            with suppress(QueueUnavailable):
                self._histories.put(self._digest(self._question.asked.history), taken)

    def keep(self, reply: Mapping[str, Any]) -> None:
        """Let the conversation be found by what has been said now; without Redis it is not."""
        question = self._question
        if question.conversation_id is not None:
            return
        now = (Said("user", question.asked.question), Said("assistant", reply["response"]))
        with suppress(QueueUnavailable):
            digest = self._digest([*question.asked.history, *now])
            self._histories.put(digest, reply["conversation_id"])

    def _digest(self, history: Iterable[Said]) -> str:
        return self._scope(history_digest(self._question.user_id, list(history)))


def count_tokens(texts: Iterable[str]) -> int:
    """Return how many words and signs texts have."""
    return sum(len(_TOKEN.findall(text)) for text in texts)


def parley_members(reply: Mapping[str, Any]) -> dict[str, object]:
    """Return what Parley says of a reply beyond what OpenAI's form holds."""
    return {name: value for name, value in reply.items() if name != "response"}

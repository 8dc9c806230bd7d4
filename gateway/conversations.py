"""Port: what was said in a conversation. Adapters: Redis, and memory for tests."""

from collections.abc import Sequence
from typing import Protocol, cast

import redis

from shared import keys
from shared.connection import queue_errors


class Conversations(Protocol):
    """Show and erase conversations; both methods raise QueueUnavailable."""

    def turns(self, conversation_id: str) -> Sequence[bytes]:
        """Return the turns in order, each as the JSON of a Turn; empty for an unknown one."""

    def erase(self, conversation_id: str) -> None:
        """Forget all that was said and the wording that was used."""


class RedisConversations:
    """Read and delete the lists that workers append to."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def turns(self, conversation_id: str) -> Sequence[bytes]:
        """Return the turns in order."""
        with queue_errors():
            turns = self._client.lrange(keys.turns(conversation_id), 0, -1)
        return cast("list[bytes]", turns)

    def erase(self, conversation_id: str) -> None:
        """Delete turns and wording."""
        with queue_errors():
            self._client.delete(keys.turns(conversation_id), keys.phrases(conversation_id))


class MemoryConversations:
    """Hold what a test puts in."""

    def __init__(self) -> None:
        self.stored: dict[str, list[bytes]] = {}

    def turns(self, conversation_id: str) -> Sequence[bytes]:
        """Return what the test has put in."""
        return self.stored.get(conversation_id, [])

    def erase(self, conversation_id: str) -> None:
        """Drop what the test has put in."""
        self.stored.pop(conversation_id, None)

"""Shows and erases what was said in conversations: the interface, and its adapter to Redis."""

from collections.abc import Sequence
from typing import Protocol, cast

import redis

from gateway.queue.erasure import RedisErasure
from gateway.queue.publisher import EnqueueLimits
from shared import keys
from shared.clock import Clock
from shared.connection import queue_errors


class Conversations(Protocol):
    """Show and erase conversations; both methods raise QueueUnavailable."""

    def turns(self, conversation_id: str) -> Sequence[bytes]:
        """Return the turns in order, each as the JSON of a Turn; empty for an unknown one."""

    def erase(self, conversation_id: str) -> None:
        """Forget all that was said and what workers know of it; cancel unfinished jobs."""


class RedisConversations:
    """Read the lists that workers append to."""

    def __init__(self, client: "redis.Redis", clock: Clock, limits: EnqueueLimits) -> None:
        self._client = client
        self._erasure = RedisErasure(client, clock, limits)

    def turns(self, conversation_id: str) -> Sequence[bytes]:
        """Return the turns in order."""
        with queue_errors():
            turns = self._client.lrange(keys.turns(conversation_id), 0, -1)
        return cast("list[bytes]", turns)

    def erase(self, conversation_id: str) -> None:
        """Delete all that belongs to it; end its jobs, so that none of it comes back."""
        self._erasure.erase_conversation(conversation_id)

"""Shows and erases what was said in conversations: the interface, and its adapter to Redis."""

from collections.abc import Sequence
from typing import Protocol, cast

import redis

from gateway.queue.job_canceller import encode_cancelled
from gateway.queue.publisher import EnqueueLimits
from shared import keys
from shared.clock import Clock
from shared.connection import queue_errors
from shared.scripts import register_script


class Conversations(Protocol):
    """Show and erase conversations; both methods raise QueueUnavailable."""

    def turns(self, conversation_id: str) -> Sequence[bytes]:
        """Return the turns in order, each as the JSON of a Turn; empty for an unknown one."""

    def erase(self, conversation_id: str) -> None:
        """Forget all that was said and what workers know of it; cancel unfinished jobs."""


class RedisConversations:
    """Read and delete the lists that workers append to."""

    def __init__(self, client: "redis.Redis", clock: Clock, limits: EnqueueLimits) -> None:
        self._client = client
        self._clock = clock
        self._limits = limits
        self._erase = register_script(client, "erase.lua")

    def turns(self, conversation_id: str) -> Sequence[bytes]:
        """Return the turns in order."""
        with queue_errors():
            turns = self._client.lrange(keys.turns(conversation_id), 0, -1)
        return cast("list[bytes]", turns)

    def erase(self, conversation_id: str) -> None:
        """Delete all that belongs to it; end its jobs, so that none of it comes back."""
        ends = encode_cancelled("The conversation was erased.", self._clock.now())
        with queue_errors():
            self._erase(keys=(), args=(conversation_id, *ends, self._limits.job_ttl_seconds))

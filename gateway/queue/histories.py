"""Finds a conversation by what was said in it, for clients that name none: interface and adapter.

A client of OpenAI's sends all earlier messages with each question. A digest of them stands for the
conversations in which exactly that was said. Each is handed out once: two persons whose
conversations began alike never meet in one.
"""

from typing import Protocol, cast

import redis

from shared import keys
from shared.connection import queue_errors

MAX_ALIKE = 100  # conversations that are kept under one digest


class Histories(Protocol):
    """Keep conversations by the digest of their messages; both methods raise QueueUnavailable."""

    def take(self, digest: str) -> str | None:
        """Return a conversation in which this was said, and forget that it was."""

    def put(self, digest: str, conversation_id: str) -> None:
        """Keep a conversation under all that was said in it."""


class RedisHistories:
    """Keep a list for each digest, as long as conversations are kept."""

    def __init__(self, client: "redis.Redis", ttl_seconds: int) -> None:
        self._client = client
        self._ttl_seconds = ttl_seconds

    def take(self, digest: str) -> str | None:
        """Return the latest: likely the asker's own."""
        with queue_errors():
            found = cast("bytes | None", self._client.rpop(keys.history(digest)))
        return None if found is None else found.decode()

    def put(self, digest: str, conversation_id: str) -> None:
        """Append to the list."""
        key = keys.history(digest)
        with queue_errors(), self._client.pipeline(transaction=True) as step:
            step.rpush(key, conversation_id)
            step.ltrim(key, -MAX_ALIKE, -1)
            step.expire(key, self._ttl_seconds)
            step.execute()

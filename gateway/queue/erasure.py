"""Erases conversations and users from Redis, with what other keys have of them."""

from collections.abc import Collection, Iterator
from typing import cast

import redis

from gateway.queue.dead_letters import mentions
from gateway.queue.job_canceller import encode_cancelled
from gateway.queue.publisher import EnqueueLimits
from shared import keys
from shared.clock import Clock
from shared.connection import queue_errors
from shared.scripts import register_script

CONVERSATIONS_A_CALL = 100  # no call of the script holds Redis up for long
_LETTERS_A_READ = 500
_KEYS_A_SCAN = 1_000


class RedisErasure:
    """Delete keys in steps that are whole; end unfinished jobs, so that nothing comes back."""

    def __init__(self, client: "redis.Redis", clock: Clock, limits: EnqueueLimits) -> None:
        self._client = client
        self._clock = clock
        self._limits = limits
        self._erase = register_script(client, "erase.lua")
        self._erase_user = register_script(client, "erase_user.lua")

    def erase_conversation(self, conversation_id: str) -> None:
        """Erase a conversation; raise QueueUnavailable."""
        with queue_errors():
            jobs = self._erase(keys=(), args=(conversation_id, *self._ends()))
            self._erase_traces({conversation_id}, _decode(jobs), user_id=None)

    def erase_user(self, user_id: str) -> None:
        """Erase a user and each of their conversations; raise QueueUnavailable."""
        with queue_errors():
            conversations: set[str] = set()
            jobs: set[str] = set()
            for erased, their_jobs in self._erase_conversations(user_id):
                conversations |= erased
                jobs |= their_jobs
            self._erase_traces(conversations, jobs, user_id)

    def _erase_conversations(self, user_id: str) -> Iterator[tuple[set[str], set[str]]]:
        while True:
            arguments = (user_id, CONVERSATIONS_A_CALL, *self._ends())
            erased, jobs = self._erase_user(keys=(), args=arguments)
            yield _decode(erased), _decode(jobs)
            if len(erased) < CONVERSATIONS_A_CALL:
                return

    def _ends(self) -> tuple[bytes, bytes, int]:
        ends = encode_cancelled("The conversation was erased.", self._clock.now())
        return (*ends, self._limits.job_ttl_seconds)

    def _erase_traces(
        self, conversations: Collection[str], jobs: Collection[str], user_id: str | None
    ) -> None:
        """Drop dead letters and records of idempotency keys that belong to any of these."""
        wanted = frozenset((*conversations, *jobs, *([user_id] if user_id else ())))
        letters = [letter for letter in self._letters() if mentions(letter, wanted)]
        records = [key for key, value in self._idempotency_records() if _ends_in(value, wanted)]
        with self._client.pipeline(transaction=False) as pipeline:
            for letter in letters:
                pipeline.lrem(keys.DEAD_LETTERS, 1, cast("str", letter))
            for key in records:
                pipeline.delete(key)
            pipeline.execute()

    def _letters(self) -> Iterator[bytes]:
        start = 0
        while letters := self._client.lrange(keys.DEAD_LETTERS, start, start + _LETTERS_A_READ - 1):
            yield from cast("list[bytes]", letters)
            start += _LETTERS_A_READ

    def _idempotency_records(self) -> Iterator[tuple[bytes, bytes]]:
        for key in self._client.scan_iter(keys.idempotency("*"), _KEYS_A_SCAN):
            value = cast("bytes | None", self._client.get(key))
            if value is not None:
                yield key, value


def _decode(ids: Collection[bytes]) -> set[str]:
    return {each.decode() for each in ids}


def _ends_in(record: bytes, conversations: Collection[str]) -> bool:
    """Return whether a record of an idempotency key is of one of these conversations."""
    return record.decode().rpartition("\n")[2] in conversations

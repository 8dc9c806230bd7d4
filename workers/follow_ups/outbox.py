"""Tasks that ended and whose follow-ups are to be sent: the interface, and its adapter to Redis."""

from typing import Protocol, cast

import msgspec
import redis

from shared import keys
from shared.connection import queue_errors
from shared.dead_letters import DeadLetter
from shared.scripts import register_script

_encode = msgspec.json.Encoder().encode


class FollowUpOutbox(Protocol):
    """Hand out what `encode_ended` wrote; all methods raise QueueUnavailable."""

    def take(self, now: float, due_again: float) -> bytes | None:
        """Return one that is due; it is due again at a later time unless it is settled."""

    def result_of(self, task_id: str) -> bytes | None:
        """Return the result that is stored for a task."""

    def settle(self, ended: bytes) -> None:
        """Forget one that was sent."""

    def give_up(self, ended: bytes, task_id: str | None, reason: str, at: float) -> None:
        """Move one to the dead letters, from where an operator can put it back."""


class RedisFollowUpOutbox:
    """Take and settle them, each in one step."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._take = register_script(client, "take_follow_up.lua")

    def take(self, now: float, due_again: float) -> bytes | None:
        """Take one whose sender died, or the oldest."""
        with queue_errors():
            taken = self._take(
                keys=(keys.FOLLOW_UPS, keys.FOLLOW_UPS_SENDING), args=(now, due_again)
            )
        return cast("bytes | None", taken)

    def result_of(self, task_id: str) -> bytes | None:
        """Read it."""
        with queue_errors():
            return cast("bytes | None", self._client.get(keys.result(task_id)))

    def settle(self, ended: bytes) -> None:
        """Remove it."""
        with queue_errors():
            self._client.zrem(keys.FOLLOW_UPS_SENDING, ended)

    def give_up(self, ended: bytes, task_id: str | None, reason: str, at: float) -> None:
        """Move it in one transaction."""
        letter = DeadLetter(task_id, "follow-ups", keys.FOLLOW_UPS, reason, at, ended)
        with queue_errors(), self._client.pipeline(transaction=True) as pipeline:
            pipeline.zrem(keys.FOLLOW_UPS_SENDING, ended)
            pipeline.lpush(keys.DEAD_LETTERS, _encode(letter))
            pipeline.ltrim(keys.DEAD_LETTERS, 0, keys.MAX_DEAD_LETTERS - 1)
            pipeline.expire(keys.DEAD_LETTERS, keys.DEAD_LETTER_TTL_SECONDS)
            pipeline.execute()

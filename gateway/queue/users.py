"""Erases what is kept of users: the interface, and its adapter to Redis."""

from typing import Protocol

import redis

from gateway.queue.job_canceller import encode_cancelled
from gateway.queue.publisher import EnqueueLimits
from shared.clock import Clock
from shared.connection import queue_errors
from shared.scripts import register_script


class Users(Protocol):
    """Erase users; raises QueueUnavailable."""

    def erase(self, user_id: str) -> None:
        """Forget what a user wrote, and every conversation they took part in."""


class RedisUsers:
    """Delete a user's keys and those of their conversations."""

    def __init__(self, client: "redis.Redis", clock: Clock, limits: EnqueueLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._erase = register_script(client, "erase_user.lua")

    def erase(self, user_id: str) -> None:
        """Delete all in one step; end the conversations' jobs, so that none of it comes back."""
        ends = encode_cancelled("The conversation was erased.", self._clock.now())
        with queue_errors():
            self._erase(keys=(), args=(user_id, *ends, self._limits.job_ttl_seconds))

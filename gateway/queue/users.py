"""Erases what is kept of users: the interface. The adapter to Redis is RedisErasure."""

from typing import Protocol


class Users(Protocol):
    """Erase users; raises QueueUnavailable."""

    def erase_user(self, user_id: str) -> object:
        """Forget what a user wrote, and every conversation they took part in."""

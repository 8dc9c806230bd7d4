"""Hears which conversations have news, and wakes the event streams that show them."""

from collections.abc import Sequence

import redis

from gateway.queue.watches import Watches
from shared import keys
from shared.subscription import Subscription


class RedisConversationFeed(Subscription):
    """Listen for the conversations that any script has announced."""

    def __init__(
        self,
        clients: "redis.Redis | Sequence[redis.Redis]",
        watches: Watches,
        *,
        silence_seconds: float = 5.0,
    ) -> None:
        super().__init__(
            clients,
            keys.CONVERSATIONS,
            lambda payload: watches.wake(payload.decode().split("\n")),
            name="conversations",
            on_subscribed=watches.wake_all,
            silence_seconds=silence_seconds,
        )

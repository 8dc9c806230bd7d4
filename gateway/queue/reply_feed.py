"""Hears how jobs ended: the interface, and its adapter to Redis."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import redis

from gateway.queue.pending_replies import PendingReplies
from gateway.queue.watches import Watches
from shared import keys, results
from shared.redis_server import examine_server
from shared.results import JobRecord
from shared.subscription import Subscription

Finished = Callable[[Sequence[str]], Mapping[str, JobRecord]]
"""Look up which of these jobs have ended, and how."""


class ReplyFeed(Protocol):
    """Bring the records of ended jobs to the requests that wait, and wake the jobs' streams."""

    def is_live(self) -> bool:
        """Return whether replies arrive at once."""


class RedisReplyFeed(Subscription):
    """Listen on this gateway's channel; look up (`finished`) what was published meanwhile."""

    def __init__(
        self,
        clients: "redis.Redis | Sequence[redis.Redis]",
        gateway_id: str,
        pending: PendingReplies,
        finished: Finished,
        streams: Watches,
        *,
        silence_seconds: float = 5.0,
        on_delivery: Callable[[int], None] = lambda _replies: None,
    ) -> None:
        def deliver(payload: bytes) -> None:
            records = results.decode_notifications(payload)
            on_delivery(pending.deliver(records))
            streams.wake(job_id for job_id, _ in records)

        def deliver_missed() -> None:
            examine_server(self.client)  # it was down at the start, or is another by now
            on_delivery(pending.deliver(finished(pending.job_ids()).items()))
            streams.wake_all()

        super().__init__(
            clients,
            keys.replies(gateway_id),
            deliver,
            name="replies",
            on_subscribed=deliver_missed,
            silence_seconds=silence_seconds,
        )

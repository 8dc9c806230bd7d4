"""What stands behind the gateway's routes, held in memory and set by a test."""

from gateway.queue.pending_replies import PendingReplies
from shared import results


class FakeReplyFeed:
    """Deliver what a test publishes."""

    def __init__(self, pending: PendingReplies) -> None:
        self._pending = pending
        self.live = True

    def is_live(self) -> bool:
        return self.live

    def publish(self, payload: bytes) -> None:
        """Take one publication as a worker writes it."""
        self._pending.deliver(results.decode_notifications(payload))

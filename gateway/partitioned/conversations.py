"""Conversations over all partitions: the hash of the id names the partition.

A Celery client's conversation lies in the partition of Celery clients, whatever its id.
"""

from collections.abc import Sequence

from gateway.queue.conversations import Conversations
from gateway.queue.erasure import RedisErasure
from gateway.queue.feedback import FeedbackBox
from gateway.queue.histories import Histories
from gateway.queue.traces import Erased
from shared.connection import queue_errors
from shared.partitions import Partitions


class PartitionedConversations:
    """Show and erase conversations wherever they are."""

    def __init__(
        self,
        partitions: Partitions,
        parts: Sequence[Conversations],
        erasure: "PartitionedErasure",
    ) -> None:
        self._partitions = partitions
        self._parts = parts
        self._erasure = erasure

    def turns(self, conversation_id: str) -> Sequence[bytes]:
        """Return the turns in order."""
        own = self._parts[self._partitions.index_of(conversation_id)]
        return own.turns(conversation_id) or self._parts[-1].turns(conversation_id)

    def erase(self, conversation_id: str) -> None:
        """Forget a conversation."""
        self._erasure.erase_conversation(conversation_id)


class PartitionedErasure:
    """Erase conversations and users, with what other partitions have of them."""

    def __init__(self, partitions: Partitions, parts: Sequence[RedisErasure]) -> None:
        self._partitions = partitions
        self._parts = parts

    def erase_conversation(self, conversation_id: str) -> None:
        """Erase a conversation; raise QueueUnavailable."""
        own = self._parts[self._partitions.index_of(conversation_id)]
        self._drop_pointers(
            [part.erase_conversation(conversation_id) for part in (own, self._parts[-1])]
        )

    def erase_user(self, user_id: str) -> None:
        """Erase a user in each partition; raise QueueUnavailable."""
        self._drop_pointers([part.erase_user(user_id) for part in self._parts])

    def _drop_pointers(self, erased: Sequence[Erased]) -> None:
        """Drop what leads to the conversations: it lies where the hash of its own name points."""
        gone = Erased(
            {each for one in erased for each in one.conversations},
            {each for one in erased for each in one.jobs},
        )
        with queue_errors():
            for part in self._parts:
                part.traces.drop_pointers(gone)


class PartitionedFeedbackBox:
    """Keep feedback in the partition of its job."""

    def __init__(self, partitions: Partitions, parts: Sequence[FeedbackBox]) -> None:
        self._partitions = partitions
        self._parts = parts

    def put(self, job_id: str, score: int, comment: str | None) -> bool:
        """Keep it; False if the job has no reply."""
        own = self._parts[self._partitions.index_of(job_id)]
        return own.put(job_id, score, comment) or self._parts[-1].put(job_id, score, comment)


class PartitionedHistories:
    """Keep each digest in the partition that its own hash names."""

    def __init__(self, partitions: Partitions, parts: Sequence[Histories]) -> None:
        self._partitions = partitions
        self._parts = parts

    def take(self, digest: str) -> str | None:
        """Return a conversation in which this was said, and forget that it was."""
        return self._parts[self._partitions.index_of(digest)].take(digest)

    def put(self, digest: str, conversation_id: str) -> None:
        """Keep a conversation under all that was said in it."""
        self._parts[self._partitions.index_of(digest)].put(digest, conversation_id)

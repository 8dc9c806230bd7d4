"""What a test sees of the queue that a publisher writes, and the job it publishes."""

from dataclasses import dataclass
from typing import cast

import redis

from gateway.idempotency import IdempotencyKey
from gateway.queue.publisher import EnqueueLimits, EnqueueOutcome, EnqueueRequest, Publisher
from shared import keys
from shared.jobs import ChatJob

LIMITS = EnqueueLimits(
    messages=4, job_ttl_seconds=60, lane_ttl_seconds=90, messages_per_conversation=2
)


@dataclass
class QueueView:
    """What is in Redis. Lists are given head first."""

    client: "redis.Redis"

    def inference(self) -> list[bytes]:
        return self._list(keys.INFERENCE)[::-1]

    def sentiment(self) -> list[bytes]:
        return self._list(keys.SENTIMENT)[::-1]

    def waiting(self, conversation_id: str) -> list[bytes]:
        return self._list(keys.lane_waiting(conversation_id))

    def lane(self, conversation_id: str) -> str | None:
        return _text(self.client.get(keys.lane(conversation_id)))

    def state(self, job_id: str) -> str | None:
        return _text(self.client.hget(keys.job(job_id), "state"))

    def _list(self, key: str) -> list[bytes]:
        return cast("list[bytes]", self.client.lrange(key, 0, -1))


def _text(value: object) -> str | None:
    return value.decode() if isinstance(value, bytes) else None


def job(job_id: str, conversation_id: str | None = None) -> ChatJob:
    return ChatJob(
        id=job_id,
        message="Where is “it”?\n\x00",
        conversation_id=conversation_id or job_id,
        accepted_at=1_700_000_000.5,
        expires_at=1_700_000_030.5,
        gateway="g-1",
    )


def publish(
    publisher: Publisher, chat_job: ChatJob, key: IdempotencyKey | None = None
) -> EnqueueOutcome:
    """Queue a job and return what became of it."""
    return publisher.submit(EnqueueRequest.of(chat_job, key))

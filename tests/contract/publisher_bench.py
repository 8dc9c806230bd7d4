"""What a test sees of the queue that a publisher writes, in memory or in Redis."""

from dataclasses import dataclass
from typing import Protocol, cast

import redis

from gateway.queue.memory_publisher import MemoryPublisher
from gateway.queue.publisher import QueueLimits
from shared import keys
from shared.jobs import ChatJob

LIMITS = QueueLimits(
    messages=4, job_ttl_seconds=60, lane_ttl_seconds=90, messages_per_conversation=2
)


class Queue(Protocol):
    """What a publisher has written. Lists are given head first."""

    def inference(self) -> list[bytes]: ...

    def sentiment(self) -> list[bytes]: ...

    def fill_sentiment(self, count: int) -> None: ...

    def waiting(self, conversation_id: str) -> list[bytes]: ...

    def lane(self, conversation_id: str) -> str | None: ...

    def state(self, job_id: str) -> str | None: ...


@dataclass
class MemoryQueue:
    publisher: MemoryPublisher

    def inference(self) -> list[bytes]:
        return list(reversed(self.publisher.inference))

    def sentiment(self) -> list[bytes]:
        return list(reversed(self.publisher.sentiment))

    def fill_sentiment(self, count: int) -> None:
        self.publisher.sentiment.extendleft(str(place).encode() for place in range(count))

    def waiting(self, conversation_id: str) -> list[bytes]:
        return self.publisher.waiting.get(conversation_id, [])

    def lane(self, conversation_id: str) -> str | None:
        return self.publisher.lanes.get(conversation_id)

    def state(self, job_id: str) -> str | None:
        return self.publisher.states.get(job_id)


@dataclass
class RedisQueue:
    client: "redis.Redis"

    def inference(self) -> list[bytes]:
        return self._list(keys.INFERENCE)[::-1]

    def sentiment(self) -> list[bytes]:
        return self._list(keys.SENTIMENT)[::-1]

    def fill_sentiment(self, count: int) -> None:
        self.client.lpush(keys.SENTIMENT, *range(count))

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

"""Conversations in a real Redis, written as the workers' completion does it."""

from dataclasses import dataclass, replace

from gateway.queue.erasure import RedisErasure
from gateway.queue.feedback import RedisFeedbackBox
from gateway.queue.publisher import EnqueueLimits
from shared import keys
from shared.counts import Facts, day_of
from shared.handovers import Handover, HandoverSummary, encode_opening
from shared.jobs import ChatJob
from tests.contract.broker import POLICY, Broker, claim, done, job, push
from workers.memory.memory import MemoryRecord, encode_record

FACTS = Facts("bert", "small", "answer", "parcel", 0.93, "neutral", None, False, None, 120.0)
LIMITS = EnqueueLimits(4, 60, 90)


@dataclass
class ConversationStand:
    """Answers messages as a worker does, and shows what was counted."""

    broker: Broker

    def __post_init__(self) -> None:
        self.feedback = RedisFeedbackBox(self.broker.client, self.broker.clock)
        self.erasure = RedisErasure(self.broker.client, self.broker.clock, LIMITS)
        self.worker = self.broker.inference("w", POLICY)

    def say(
        self,
        name: str,
        conversation: str,
        facts: Facts = FACTS,
        user: str | None = None,
        *,
        handover: bool = False,
    ) -> ChatJob:
        """Ask and answer one message; return its job."""
        each = replace(job(name, conversation), user_id=user)
        push(self.broker, each)
        (lease,) = self.worker.lease(1)
        claim(self.worker, lease, each)
        completion = done(lease, each)
        assert completion.result
        record = MemoryRecord(conversation, each.id, each.message, 1.0, "test", b"\x7f")
        opening = Handover(each.id, conversation, user, 1.0, "wish", HandoverSummary())
        result = replace(
            completion.result,
            facts=facts,
            memory=encode_record(record),
            handover=encode_opening(opening, webhook=True) if handover else b"",
        )
        assert self.worker.complete([replace(completion, result=result)]) == ["applied"]
        return each

    def counted(self, *, entries: bool = False) -> dict[str, int]:
        """Return what was counted today and is not zero."""
        today = day_of(self.broker.clock.now())
        key = keys.entry_counts(today) if entries else keys.counts(today)
        found: dict[bytes, bytes] = self.broker.client.hgetall(key)  # type: ignore[assignment]
        return {field.decode(): int(value) for field, value in found.items() if int(value)}

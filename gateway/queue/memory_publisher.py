"""The publisher that keeps the queue in this process; tests use it, under the same contract."""

from collections import deque
from collections.abc import Callable

from gateway.idempotency import IdempotencyKey
from gateway.queue.publisher import Acknowledge, QueueLimits, conversation_full, queue_full
from shared import keys, wire
from shared.errors import KeyReused, ParleyError, QueueUnavailable, RequestRepeated
from shared.jobs import ChatJob


class MemoryPublisher:
    """Keep jobs in lists. The right end of a list is its head."""

    def __init__(self, limits: QueueLimits) -> None:
        self._limits = limits
        self.available = True
        self.inference: deque[bytes] = deque()
        self.sentiment: deque[bytes] = deque(maxlen=keys.MAX_TONES)
        self.states: dict[str, str] = {}
        self.lanes: dict[str, str] = {}
        self.waiting: dict[str, list[bytes]] = {}
        self.claimed: dict[str, tuple[str, ChatJob]] = {}
        self.on_publish: Callable[[ChatJob], None] = lambda _job: None

    def publish(self, job: ChatJob, claim: IdempotencyKey | None = None) -> int:
        """Queue a job and return how many messages wait."""
        if not self.available:
            raise QueueUnavailable("memory: switched off")
        if job.id not in self.states:
            if claim:
                self._require_first_use(claim)
            self._admit(job)
            self._place(job)
            if claim:
                self.claimed[claim.key] = claim.fingerprint, job
            self.on_publish(job)
        return len(self.inference)

    def post(
        self, job: ChatJob, acknowledge: Acknowledge, claim: IdempotencyKey | None = None
    ) -> None:
        """Queue a job at once."""
        try:
            acknowledge(self.publish(job, claim))
        except ParleyError as error:
            acknowledge(error)

    def _require_first_use(self, claim: IdempotencyKey) -> None:
        if claim.key not in self.claimed:
            return
        fingerprint, job = self.claimed[claim.key]
        if fingerprint != claim.fingerprint:
            raise KeyReused("the idempotency key stands for another request")
        raise RequestRepeated(job.id, job.conversation_id)

    def _admit(self, job: ChatJob) -> None:
        waiting = len(self.waiting.get(job.conversation_id, ()))
        if len(self.inference) + sum(map(len, self.waiting.values())) >= self._limits.messages:
            raise queue_full(self._limits, 0)
        if waiting >= self._limits.messages_per_conversation:
            raise conversation_full(self._limits)

    def _place(self, job: ChatJob) -> None:
        self.states[job.id] = "queued"
        self.sentiment.appendleft(wire.encode_tone(job))
        task = wire.encode_infer(job)
        if job.conversation_id in self.lanes:
            line = job.id.encode() + b"\n" + task
            self.waiting.setdefault(job.conversation_id, []).append(line)
        else:
            self.lanes[job.conversation_id] = job.id
            self.inference.appendleft(task)

"""Puts jobs on the queue: the interface, and its adapter to Redis."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import redis

from gateway.idempotency import IdempotencyKey
from gateway.queue.coalescer import Coalescer
from gateway.queue.rate_limiter import Charge, rate_limited
from shared import keys, wire
from shared.connection import queue_errors
from shared.errors import (
    AdmissionRefused,
    ConversationBusy,
    KeyReused,
    QueueUnavailable,
)
from shared.jobs import ChatJob, EmbedJob
from shared.outage_log import OutageLog
from shared.redis_faults import queue_unavailable
from shared.replica_acks import NO_ACKS, ReplicaAcks, register_acked_script
from shared.tracing.context import TraceContext

_KEYS = (keys.INFERENCE, keys.SENTIMENT, keys.THROUGHPUT, keys.workers(keys.INFERENCE))
_LINGER_SECONDS = 0.000_25  # for each message that waits
_MAX_LINGER_SECONDS = 0.005
# Where the wait is long anyway; workers that answer 50,000 a second do not run dry meanwhile.
_LONG_LINGER_SECONDS = 0.000_02
_MAX_LONG_LINGER_SECONDS = 0.02
_WRITE_FAILED = -3
_KEY_REUSED = -4
_RATE_LIMITED = -5

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EnqueueRequest:
    """A job, its tasks as they go on the queue, the client's idempotency key, what it costs.

    `tone_task` is empty for a job that has no tone.
    """

    job: ChatJob
    infer_task: bytes
    tone_task: bytes
    key: IdempotencyKey | None = None
    charge: Charge | None = None

    @classmethod
    def of(
        cls,
        job: ChatJob,
        key: IdempotencyKey | None = None,
        trace: TraceContext | None = None,
    ) -> Self:
        """Encode a job on the caller's thread: others' calls need not wait for it."""
        if isinstance(job, EmbedJob):
            return cls(job, wire.encode_embed(job, trace), b"", key)
        return cls(job, wire.encode_infer(job, trace), wire.encode_tone(job, trace), key)


@dataclass(frozen=True, slots=True)
class Queued:
    """The job is on the queue, among `position` messages that wait there."""

    position: int


@dataclass(frozen=True, slots=True)
class ExistingJob:
    """The key was accepted before, for this job; its end is published to this gateway too."""

    job_id: str
    conversation_id: str


EnqueueOutcome = Queued | ExistingJob


class Publisher(Protocol):
    """Put accepted jobs on the queue."""

    def submit(self, item: EnqueueRequest) -> EnqueueOutcome:
        """Queue a job and return the outcome.

        Raises AdmissionRefused (also as ConversationBusy), KeyReused or QueueUnavailable; after
        the last the job may be on the queue all the same.
        """

    def post(
        self, item: EnqueueRequest, resolve: Callable[[EnqueueOutcome | Exception], None]
    ) -> None:
        """Queue a job soon and return at once; `resolve` gets what `submit` returns or raises.

        It is called once, maybe on another thread.
        """


@dataclass(frozen=True, slots=True)
class EnqueueLimits:
    """How much may wait, and how long Redis keeps what belongs to a job."""

    messages: int
    job_ttl_seconds: int
    lane_ttl_seconds: int
    messages_per_conversation: int = 32
    max_wait_seconds: float = 30.0
    max_retry_seconds: float = 60.0


class RedisPublisher(Coalescer[EnqueueRequest, EnqueueOutcome]):
    """Write jobs through one script call for all that arrived during the call before."""

    def __init__(
        self,
        client: "redis.Redis",
        limits: EnqueueLimits,
        observe_batch: Callable[[int], None] = lambda _jobs: None,
        sleep: Callable[[float], None] = time.sleep,
        take_charge: Callable[[], Charge | None] = lambda: None,
        acks: ReplicaAcks = NO_ACKS,
        hear: Callable[[str, AdmissionRefused | None], None] = lambda _tenant, _refused: None,
    ) -> None:
        super().__init__(
            self._enqueue, prepare=self._charged, linger=self._linger_while_messages_wait
        )
        self._limits = limits
        self._sleep = sleep
        self._observe_batch = observe_batch
        self._take_charge = take_charge
        self._hear = hear
        self._outage = OutageLog(logger)
        self._script = register_acked_script(client, "enqueue.lua", acks)
        self._waiting = 0

    def _charged(self, item: EnqueueRequest) -> EnqueueRequest:
        """Add what the current request costs, which its own thread knows."""
        charge = self._take_charge()
        return item if charge is None else replace(item, charge=charge)

    def _enqueue(self, requests: Sequence[EnqueueRequest]) -> Sequence[EnqueueOutcome | Exception]:
        self._observe_batch(len(requests))
        try:
            with queue_errors():
                answers = self._script(keys=_KEYS, args=list(_arguments(requests, self._limits)))
        except QueueUnavailable as error:
            self._outage.record(str(error))
            raise
        ends, left = answers[: len(requests)], iter(answers[len(requests) :])
        for position in (end for end in ends if isinstance(end, int) and end >= 0):
            self._waiting = position
        for charge in (request.charge for request in requests if request.charge):
            charge.record([next(left) for _ in charge.buckets])
        outcomes = [_outcome(answer, self._limits) for answer in ends]
        faults = [str(each) for each in outcomes if isinstance(each, QueueUnavailable)]
        self._outage.record(faults[0] if faults else None)
        for request, outcome in zip(requests, outcomes, strict=True):
            self._hear(request.job.tenant, _want_of_room(outcome))
        return outcomes

    def _linger_while_messages_wait(self) -> None:
        if self._waiting > 0:
            self._sleep(linger_seconds(self._waiting))


def linger_seconds(waiting: int) -> float:
    """Return how long arrivals may gather for the next call while `waiting` messages wait.

    Far shorter than those take, and than a batch.
    """
    usual = min(_MAX_LINGER_SECONDS, _LINGER_SECONDS * waiting)
    return max(usual, min(_MAX_LONG_LINGER_SECONDS, _LONG_LINGER_SECONDS * waiting))


def _arguments(
    requests: Sequence[EnqueueRequest], limits: EnqueueLimits
) -> Iterator[str | bytes | float]:
    """Yield what enqueue.lua takes, in its order."""
    yield from (
        limits.messages,
        limits.messages_per_conversation,
        limits.job_ttl_seconds,
        limits.lane_ttl_seconds,
        limits.max_wait_seconds,
        max(request.job.accepted_at for request in requests),
        len(requests),
        sum(1 for request in requests if request.key),
    )
    for request in requests:
        job = request.job
        yield from (job.id, job.conversation_id, request.infer_task, request.tone_task)
        yield job.gateway or ""
        yield job.expires_at or job.accepted_at + limits.lane_ttl_seconds
    for index, request in enumerate(requests, 1):
        if request.key:
            yield from (index, request.key.key, request.key.fingerprint)
    for index, request in enumerate(requests, 1):
        for bucket in request.charge.buckets if request.charge else ():
            yield from (index, *bucket.arguments)


def _outcome(
    answer: "int | bytes | list[Any]", limits: EnqueueLimits
) -> EnqueueOutcome | Exception:
    """Read one answer of enqueue.lua; its header lists them."""
    if isinstance(answer, bytes):
        return ExistingJob(*answer.decode().split("\n"))
    if isinstance(answer, list) and answer[0] == _RATE_LIMITED:
        return rate_limited(answer[1])
    if isinstance(answer, list):
        kind, told = answer
        if kind == _WRITE_FAILED:
            return queue_unavailable(f"{told.decode()} a job could not be written")
        return queue_full(limits, told / 1000)
    if answer >= 0:
        return Queued(answer)
    if answer == _KEY_REUSED:
        return KeyReused("the idempotency key stands for another request")
    return conversation_full(limits)


def _want_of_room(outcome: EnqueueOutcome | Exception) -> AdmissionRefused | None:
    """Return a refusal by the queue's length; its kinds have other reasons."""
    if isinstance(outcome, AdmissionRefused) and type(outcome) is AdmissionRefused:
        return outcome
    return None


def queue_full(limits: EnqueueLimits, free_in_seconds: float) -> AdmissionRefused:
    """Return the refusal of a job that would wait too long; 0 s if it is not known how long."""
    max_seconds = limits.max_retry_seconds
    return AdmissionRefused(
        "more messages are waiting than can be answered in time",
        min(max(free_in_seconds, 1.0), max_seconds) if free_in_seconds else max_seconds,
    )


def conversation_full(limits: EnqueueLimits) -> ConversationBusy:
    """Return the refusal of a job whose conversation has too many waiting."""
    waiting = limits.messages_per_conversation
    return ConversationBusy(f"{waiting} messages of this conversation are waiting already", 1.0)

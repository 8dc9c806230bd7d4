"""Port: put jobs on the queue. Adapters: Redis, and memory for tests (memory_publisher)."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import redis

from gateway.idempotency import IdempotencyKey
from gateway.queue.coalescer import Coalescer
from shared import keys, wire
from shared.caller import Caller, Script
from shared.connection import queue_errors, read_script
from shared.errors import (
    AdmissionRefused,
    ConversationBusy,
    KeyReused,
    QueueOutOfRoom,
    QueueUnavailable,
    RequestRepeated,
)
from shared.jobs import ChatJob
from shared.outage_log import OutageLog

_KEYS = (keys.INFERENCE, keys.SENTIMENT, keys.THROUGHPUT)
_LINGER_SECONDS = 0.000_25  # for each message that waits
_MAX_LINGER_SECONDS = 0.005
_WRITE_FAILED = -3
_KEY_REUSED = -4
_WRITE_FAULT = "Redis could not write a job; its log says why"

logger = logging.getLogger(__name__)

# One job's arguments of the script: id, conversation, inference task, tone task, gateway, when its
# time is over; and, where the client gave a key, that and its digest.
_EnqueueArguments = tuple[tuple[str, str, bytes, bytes, str, float], tuple[str, str] | None]

Acknowledge = Callable[[int | Exception], None]


class Publisher(Protocol):
    """Put accepted jobs on the queue."""

    def publish(self, job: ChatJob, claim: IdempotencyKey | None = None) -> int:
        """Queue a job and return how many messages wait.

        Raises AdmissionRefused (also as ConversationBusy) or QueueUnavailable; after the latter
        the job may be on the queue all the same. With a claim also RequestRepeated, which names the
        job that was accepted first (its end will be announced here too), or KeyReused.
        """

    def post(
        self, job: ChatJob, acknowledge: Acknowledge, claim: IdempotencyKey | None = None
    ) -> None:
        """Queue a job soon and return at once; `acknowledge` hears what `publish` would tell.

        It is called once, with the number or the error, maybe on another thread.
        """


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How much may wait, and how long Redis keeps what belongs to a job."""

    messages: int
    job_ttl_seconds: int
    lane_ttl_seconds: int
    messages_per_conversation: int = 32
    longest_wait_seconds: float = 30.0
    longest_retry_seconds: float = 60.0


class RedisPublisher:
    """Write jobs through one script call for all that arrived during the call before."""

    def __init__(
        self,
        client: "redis.Redis",
        limits: QueueLimits,
        observe_batch: Callable[[int], None] = lambda _jobs: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits = limits
        self._sleep = sleep
        self._observe_batch = observe_batch
        self._outage = OutageLog(logger)
        text = read_script("shared.lua", "enqueue.lua", "lanes.lua", "throughput.lua")
        self._script = Script(Caller(client), text)
        self._waiting = 0
        self._coalescer: Coalescer[_EnqueueArguments, int] = Coalescer(
            self._send, rest=self._let_gather
        )

    def publish(self, job: ChatJob, claim: IdempotencyKey | None = None) -> int:
        """Queue a job and return how many messages wait."""
        return self._coalescer.submit(self._pack(job, claim))

    def post(
        self, job: ChatJob, acknowledge: Acknowledge, claim: IdempotencyKey | None = None
    ) -> None:
        """Queue a job with the next round trip."""
        self._coalescer.post(self._pack(job, claim), acknowledge)

    def _pack(self, job: ChatJob, claim: IdempotencyKey | None) -> _EnqueueArguments:
        infer, tone = wire.encode_infer(job), wire.encode_tone(job)
        over_at = job.expires_at or job.accepted_at + self._limits.lane_ttl_seconds
        parts = job.id, job.conversation_id, infer, tone, job.gateway or "", over_at
        return parts, None if claim is None else (claim.key, claim.fingerprint)

    def _send(self, parcels: Sequence[_EnqueueArguments]) -> Sequence[int | Exception]:
        self._observe_batch(len(parcels))
        limits = self._limits
        arguments = [
            limits.messages,
            limits.messages_per_conversation,
            limits.job_ttl_seconds,
            limits.lane_ttl_seconds,
            limits.longest_wait_seconds,
            len(parcels),
            *chain.from_iterable(parcel for parcel, _ in parcels),
            *chain.from_iterable(_claims(parcels)),
        ]
        try:
            with queue_errors():
                places = self._script(keys=_KEYS, args=arguments)
        except QueueUnavailable as error:
            self._outage.record(str(error))
            raise
        self._outage.record(_WRITE_FAULT if _WRITE_FAILED in places else None)
        self._waiting = places[-1] if isinstance(places[-1], int) else 0
        return [self._outcome(place) for place in places]

    def _let_gather(self) -> None:
        if self._waiting > 0:
            self._sleep(linger_seconds(self._waiting))

    def _outcome(self, place: "int | bytes | list[int]") -> int | Exception:
        if isinstance(place, bytes):
            return RequestRepeated(*place.decode().split())
        if isinstance(place, list):
            return queue_full(self._limits, place[1] / 1000)
        if place >= 0:
            return place
        if place == _WRITE_FAILED:
            return QueueOutOfRoom(_WRITE_FAULT)
        if place == _KEY_REUSED:
            return KeyReused("the idempotency key stands for another request")
        return conversation_full(self._limits)


def linger_seconds(waiting: int) -> float:
    """Return how long arrivals may gather for the next trip, where so many wait for a worker.

    Far shorter than those take, and than a batch.
    """
    return min(_MAX_LINGER_SECONDS, _LINGER_SECONDS * waiting)


def _claims(parcels: Sequence[_EnqueueArguments]) -> Iterator[tuple[int, str, str]]:
    for place, (_, claim) in enumerate(parcels, 1):
        if claim:
            yield place, *claim


def queue_full(limits: QueueLimits, free_in_seconds: float) -> AdmissionRefused:
    """Return the refusal of a job that would wait too long; 0 s where nobody knows how long."""
    longest = limits.longest_retry_seconds
    return AdmissionRefused(
        "more messages are waiting than can be answered in time",
        min(max(free_in_seconds, 1.0), longest) if free_in_seconds else longest,
    )


def conversation_full(limits: QueueLimits) -> ConversationBusy:
    """Return the refusal of a job whose conversation has too many waiting."""
    most = limits.messages_per_conversation
    return ConversationBusy(f"{most} messages of this conversation are waiting already", 1.0)

"""Port: put jobs on the queue. Adapters: Redis, and memory for tests (memory_publisher)."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol, cast

import redis

from gateway.coalescer import Coalescer
from gateway.drain_rate import DrainRate
from gateway.idempotency import Claim
from shared import keys, wire
from shared.connection import queue_errors, read_lane_script
from shared.errors import (
    AdmissionRefused,
    ConversationBusy,
    KeyReused,
    QueueOutOfRoom,
    QueueUnavailable,
    RequestRepeated,
)
from shared.jobs import ChatJob
from shared.outage import Outage

QUEUE_FULL = -1
CONVERSATION_FULL = -2
_UNWRITTEN = -3
_KEY_REUSED = -4
_WRITE_FAULT = "Redis could not write a job; its log says why"

logger = logging.getLogger("parley.gateway")

# One job's arguments of the script: id, conversation, inference task, tone task, gateway, when its
# time is over; and, where the client gave a key, that and its digest.
_Parcel = tuple[tuple[str, str, bytes, bytes, str, float], tuple[str, str] | None]

Acknowledge = Callable[[int | Exception], None]


class Publisher(Protocol):
    """Put accepted jobs on the queue."""

    def publish(self, job: ChatJob, claim: Claim | None = None) -> int:
        """Queue a job and return how many messages wait.

        Raises AdmissionRefused (also as ConversationBusy) or QueueUnavailable; after the latter
        the job may be on the queue all the same. With a claim also RequestRepeated, which names the
        job that was accepted first (its end will be announced here too), or KeyReused.
        """

    def post(self, job: ChatJob, acknowledge: Acknowledge, claim: Claim | None = None) -> None:
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
    longest_retry_seconds: float = 60.0


class RedisPublisher:
    """Write jobs through one script call for all that arrived during the call before."""

    def __init__(
        self,
        client: "redis.Redis",
        limits: QueueLimits,
        drain_rate: DrainRate,
        observe_batch: Callable[[int], None] = lambda _jobs: None,
    ) -> None:
        self._limits = limits
        self._drain_rate = drain_rate
        self._observe_batch = observe_batch
        self._outage = Outage(logger)
        script = client.register_script(read_lane_script("gateway.lua", "enqueue.lua"))
        self._script = cast("Callable[..., Any]", script)
        self._coalescer: Coalescer[_Parcel, int] = Coalescer(self._send)

    def publish(self, job: ChatJob, claim: Claim | None = None) -> int:
        """Queue a job and return how many messages wait."""
        return self._coalescer.submit(self._pack(job, claim))

    def post(self, job: ChatJob, acknowledge: Acknowledge, claim: Claim | None = None) -> None:
        """Queue a job with the next round trip."""
        self._coalescer.post(self._pack(job, claim), acknowledge)

    def _pack(self, job: ChatJob, claim: Claim | None) -> _Parcel:
        infer, tone = wire.encode_infer(job), wire.encode_tone(job)
        over_at = job.expires_at or job.accepted_at + self._limits.lane_ttl_seconds
        parts = job.id, job.conversation_id, infer, tone, job.gateway or "", over_at
        return parts, None if claim is None else (claim.key, claim.fingerprint)

    def _send(self, parcels: Sequence[_Parcel]) -> Sequence[int | Exception]:
        self._observe_batch(len(parcels))
        limits = self._limits
        arguments = [
            limits.messages,
            limits.messages_per_conversation,
            limits.job_ttl_seconds,
            limits.lane_ttl_seconds,
            len(parcels),
            *chain.from_iterable(parcel for parcel, _ in parcels),
            *chain.from_iterable(_claims(parcels)),
        ]
        try:
            with queue_errors():
                places = self._script(keys=(keys.INFERENCE, keys.SENTIMENT), args=arguments)
        except QueueUnavailable as error:
            self._outage.note(str(error))
            raise
        self._outage.note(_WRITE_FAULT if _UNWRITTEN in places else None)
        return [self._outcome(place) for place in places]

    def _outcome(self, place: int | bytes) -> int | Exception:
        if isinstance(place, bytes):
            return RequestRepeated(*place.decode().split())
        if place >= 0:
            return place
        if place == _UNWRITTEN:
            return QueueOutOfRoom(_WRITE_FAULT)
        if place == _KEY_REUSED:
            return KeyReused("the idempotency key stands for another request")
        return refusal(place, self._limits, self._drain_rate)


def _claims(parcels: Sequence[_Parcel]) -> Iterator[tuple[int, str, str]]:
    for place, (_, claim) in enumerate(parcels, 1):
        if claim:
            yield place, *claim


def refusal(place: int, limits: QueueLimits, drain_rate: DrainRate) -> AdmissionRefused:
    """Return the sentence for a job that is not admitted."""
    if place == QUEUE_FULL:
        seconds = drain_rate.seconds_to_drain(limits.messages, at_most=limits.longest_retry_seconds)
        return AdmissionRefused(f"{limits.messages} messages are waiting already", seconds)
    most = limits.messages_per_conversation
    return ConversationBusy(f"{most} messages of this conversation are waiting already", 1.0)

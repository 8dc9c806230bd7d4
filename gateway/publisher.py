"""Port: put jobs on the queue. Adapters: Redis, and memory for tests."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol, cast

import redis

from gateway.coalescer import Coalescer
from gateway.drain_rate import DrainRate
from gateway.logs import Outage
from shared import keys, wire
from shared.connection import queue_errors, read_script
from shared.errors import AdmissionRefused, ConversationBusy, ParleyError, QueueUnavailable
from shared.jobs import ChatJob

# One job's arguments of the script: id, conversation, inference task, tone task.
_Parcel = tuple[str, str, bytes, bytes]

_QUEUE_FULL = -1
_CONVERSATION_FULL = -2
_UNWRITTEN = -3
_WRITE_FAULT = "Redis could not write a job; its log says why"


Acknowledge = Callable[[int | Exception], None]


class Publisher(Protocol):
    """Put accepted jobs on the queue."""

    def publish(self, job: ChatJob) -> int:
        """Queue a job and return how many messages wait.

        Raises AdmissionRefused (also as ConversationBusy) or QueueUnavailable; after the latter
        the job may be on the queue all the same.
        """

    def post(self, job: ChatJob, acknowledge: Acknowledge) -> None:
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
        self._outage = Outage()
        script = client.register_script(read_script("gateway.lua", "enqueue.lua"))
        self._script = cast("Callable[..., Any]", script)
        self._coalescer: Coalescer[_Parcel, int] = Coalescer(self._send)

    def publish(self, job: ChatJob) -> int:
        """Queue a job and return how many messages wait."""
        return self._coalescer.submit(_pack(job))

    def post(self, job: ChatJob, acknowledge: Acknowledge) -> None:
        """Queue a job with the next round trip."""
        self._coalescer.post(_pack(job), acknowledge)

    def _send(self, parcels: Sequence[_Parcel]) -> Sequence[int | Exception]:
        self._observe_batch(len(parcels))
        limits = self._limits
        arguments = [
            limits.messages,
            limits.messages_per_conversation,
            limits.job_ttl_seconds,
            limits.lane_ttl_seconds,
            *chain.from_iterable(parcels),
        ]
        try:
            with queue_errors():
                places = self._script(keys=(keys.INFERENCE, keys.SENTIMENT), args=arguments)
        except QueueUnavailable as error:
            self._outage.note(str(error))
            raise
        self._outage.note(_WRITE_FAULT if _UNWRITTEN in places else None)
        return [self._outcome(place) for place in places]

    def _outcome(self, place: int) -> int | Exception:
        if place == _UNWRITTEN:
            return QueueUnavailable(_WRITE_FAULT)
        return _refusal(place, self._limits, self._drain_rate) or place


class MemoryPublisher:
    """Keep the queue in this process; for tests. The right end of a list is its head."""

    def __init__(self, limits: QueueLimits, drain_rate: DrainRate) -> None:
        self._limits = limits
        self._drain_rate = drain_rate
        self.available = True
        self.inference: deque[bytes] = deque()
        self.sentiment: deque[bytes] = deque()
        self.states: dict[str, str] = {}
        self.lanes: dict[str, str] = {}
        self.waiting: dict[str, list[bytes]] = {}
        self.on_publish: Callable[[ChatJob], None] = lambda _job: None

    def publish(self, job: ChatJob) -> int:
        """Queue a job and return how many messages wait."""
        if not self.available:
            raise QueueUnavailable("memory: switched off")
        if job.id not in self.states:
            self._admit(job)
            self._place(job)
            self.on_publish(job)
        return len(self.inference)

    def post(self, job: ChatJob, acknowledge: Acknowledge) -> None:
        """Queue a job at once."""
        try:
            acknowledge(self.publish(job))
        except ParleyError as error:
            acknowledge(error)

    def _admit(self, job: ChatJob) -> None:
        waiting = len(self.waiting.get(job.conversation_id, ()))
        place = 0
        if len(self.inference) >= self._limits.messages:
            place = _QUEUE_FULL
        elif waiting >= self._limits.messages_per_conversation:
            place = _CONVERSATION_FULL
        refusal = _refusal(place, self._limits, self._drain_rate)
        if refusal:
            raise refusal

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


def _pack(job: ChatJob) -> _Parcel:
    return job.id, job.conversation_id, wire.encode_infer(job), wire.encode_tone(job)


def _refusal(place: int, limits: QueueLimits, drain_rate: DrainRate) -> AdmissionRefused | None:
    if place == _QUEUE_FULL:
        seconds = drain_rate.seconds_to_drain(limits.messages, at_most=limits.longest_retry_seconds)
        return AdmissionRefused(f"{limits.messages} messages are waiting already", seconds)
    if place == _CONVERSATION_FULL:
        most = limits.messages_per_conversation
        return ConversationBusy(f"{most} messages of this conversation are waiting already", 1.0)
    return None

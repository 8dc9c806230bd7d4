"""A job as server-sent events: queued, started, tone, delta, reply or error.

An event's id says what the client has by then, whichever process sent it: a stage, with the
position on the queue or the bytes of the reply's text. So a stream is resumed from what Redis
knows of the job, and nothing is kept for those who may come back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from gateway.event_stream import RETRY
from gateway.problem_kind import describe
from gateway.problems import UNKNOWN_JOB, describe_failure
from gateway.queue.job_follower import JobFollower, JobProgress
from shared import tenants

EventName = Literal["queued", "started", "tone", "delta", "reply", "error"]
END_IDS = ("reply", "error")
_COUNTING_ID = re.compile(r"(queued|delta)-([0-9]{1,9})\Z")
_STAGES: tuple[EventName, ...] = ("queued", "started", "tone", "delta")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One event; `data` is JSON."""

    name: EventName
    id: str
    data: bytes

    def encode(self) -> bytes:
        """Return the event as it is sent."""
        head = f"id: {self.id}\nevent: {self.name}\ndata: ".encode()
        return head + self.data + b"\n\n"


class JobEvents:
    """What a client has not been told of one job; `over` once it has been told the end.

    `position` is the number of messages that wait on the queue as the job was accepted, if known.
    """

    def __init__(
        self,
        follower: JobFollower,
        job_id: str,
        last_event_id: str | None = None,
        position: int | None = None,
    ) -> None:
        self._follower = follower
        self._job_id = job_id
        told = _read_id(last_event_id)
        self._stage, self._text_bytes = told.stage, told.text_bytes
        self._position = position if told.position is None else told.position
        self.over = last_event_id in END_IDS

    @property
    def local_job_id(self) -> str:
        """Return the job's id as its client knows it."""
        return tenants.local(self._job_id)

    def news(self) -> list[JobEvent]:
        """Return the events since the last call; raise QueueUnavailable."""
        found = self._follower.follow(self._job_id, self._text_bytes)
        if isinstance(found, JobProgress):
            return list(self._progress(found))
        self.over = True
        if found is None:
            detail = "No such job, or its reply is no longer kept."
            return [JobEvent("error", "error", _encode(describe(UNKNOWN_JOB, detail)))]
        if found.state != "done" or found.body is None:
            return [JobEvent("error", "error", _encode(describe_failure(found)))]
        return list(self._end(found.body))

    def _progress(self, found: JobProgress) -> Iterator[JobEvent]:
        ids = self._ids(found.conversation_id)
        if found.state == "queued" and self._stage <= 1:
            yield from self._queued(ids, found.waiting)
        if found.state == "started":
            yield from self._started(ids)
            if found.tone:
                yield from self._reach(3, found.tone)
            yield from self._delta(found.text)

    def _end(self, reply: bytes) -> Iterator[JobEvent]:
        members: dict[str, Any] = msgspec.json.decode(reply)
        yield from self._started(self._ids(members["conversation_id"]))
        yield from self._reach(3, _encode(members["tone"]))
        yield from self._delta(members["response"].encode()[self._text_bytes :])
        yield JobEvent("reply", "reply", reply)

    def _queued(self, ids: dict[str, object], waiting: int) -> Iterator[JobEvent]:
        """Tell the position, and again when it has changed."""
        position = waiting if self._position is None else min(self._position, waiting)
        if self._stage == 0 or position != self._position:
            self._stage, self._position = 1, position
            yield _queued_event(ids, position)

    def _started(self, ids: dict[str, object]) -> Iterator[JobEvent]:
        if self._stage == 0:
            yield _queued_event(ids, self._position or 0)
        yield from self._reach(2, _encode(ids))

    def _reach(self, stage: int, data: bytes) -> Iterator[JobEvent]:
        if self._stage < stage:
            self._stage, name = stage, _STAGES[stage - 1]
            yield JobEvent(name, name, data)

    def _delta(self, text: bytes) -> Iterator[JobEvent]:
        if text:
            self._stage, self._text_bytes = len(_STAGES), self._text_bytes + len(text)
            data = _encode({"text": text.decode(errors="replace")})
            yield JobEvent("delta", f"delta-{self._text_bytes}", data)

    def _ids(self, conversation_id: str) -> dict[str, object]:
        return {
            "job_id": self.local_job_id,
            "conversation_id": tenants.local(conversation_id),
        }


class EncodedEvents:
    """The same as the bytes that are sent."""

    def __init__(self, events: JobEvents) -> None:
        self._events = events
        self._retry = RETRY

    @property
    def over(self) -> bool:
        """Return whether the end has been told."""
        return self._events.over

    def news(self) -> bytes:
        """Return the events since the last call, none as no bytes; raise QueueUnavailable."""
        retry, self._retry = self._retry, b""
        return retry + b"".join(event.encode() for event in self._events.news())

    def late(self) -> bytes:
        """Return nothing: a client comes back for the rest."""
        return b""


@dataclass(frozen=True, slots=True)
class _Told:
    """What a client knows that has seen an event."""

    stage: int = 0
    position: int | None = None
    text_bytes: int = 0


def _queued_event(ids: dict[str, object], position: int) -> JobEvent:
    return JobEvent("queued", f"queued-{position}", _encode({**ids, "position": position}))


def _read_id(event_id: str | None) -> _Told:
    """Return what an event's id stands for; nothing if it is unknown."""
    if event_id in ("started", "tone"):
        return _Told(_STAGES.index(event_id) + 1)
    counted = _COUNTING_ID.match(event_id or "")
    if counted is None:
        return _Told()
    number = int(counted[2])
    return _Told(1, position=number) if counted[1] == "queued" else _Told(4, text_bytes=number)

"""A client that follows each reply as a stream of events, from one gateway to the next."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.chaos.client import JOB_ENDED_BADLY, RETRYABLE, SendResult, digest_of
from infra.chaos.ledger import LedgerEntry
from infra.chaos.script import Message
from infra.event_source import EventSource, ServerEvent, StreamBroken
from shared.errors import GatewayUnavailable

_PAUSE_SECONDS = (0.1, 1.0)


@dataclass(slots=True)
class _Followed:
    """What has come of one reply."""

    job_id: str = ""
    event_id: str | None = None
    text: str = ""


class Follower:
    """Bring messages to their end through streams, and compare what they said with the reply."""

    def __init__(
        self,
        urls: Sequence[str],
        first: int,
        record: Callable[[LedgerEntry], None],
        rng: random.Random,
        timeout_seconds: float,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._urls = urls
        self._index = first
        self._record_entry = record
        self._rng = rng
        self._timeout_seconds = timeout_seconds
        self._now = now
        self._sleep = sleep

    def send(self, conversation_id: str, message: Message) -> SendResult:
        """Send a message, and follow it until it has ended; go on elsewhere if a stream breaks."""
        body = {"message": message.text, "conversation_id": conversation_id}
        key = {"Idempotency-Key": f"{conversation_id}-{message.number}"}
        followed = _Followed()
        deadline = self._now() + self._timeout_seconds
        while self._now() < deadline:
            try:
                with self._open(message, followed, body, key) as source:
                    if self._read(message, followed, source):
                        return SendResult("ended", followed.job_id)
            except (StreamBroken, GatewayUnavailable) as fault:
                self._record(message, "trouble", detail=f"stream: {type(fault).__name__}")
            self._index += 1
            self._sleep(self._rng.uniform(*_PAUSE_SECONDS))
        self._record(message, "gave_up")
        return SendResult("gave_up")

    def _open(
        self,
        message: Message,
        followed: _Followed,
        body: Mapping[str, str],
        key: Mapping[str, str],
    ) -> EventSource:
        url = self._urls[self._index % len(self._urls)]
        if not followed.job_id:
            self._record(message, "sent")
            return EventSource(url, "POST", "/chat", body, key)
        resumed = {"Last-Event-ID": followed.event_id} if followed.event_id else {}
        return EventSource(url, "GET", f"/jobs/{followed.job_id}/events", headers=resumed)

    def _read(self, message: Message, followed: _Followed, source: EventSource) -> bool:
        """Tell whether the message has ended."""
        if not source.is_stream:
            return self._judge(message, followed, source.status, source.problem())
        return any(self._take(message, followed, event) for event in source.events())

    def _take(self, message: Message, followed: _Followed, event: ServerEvent) -> bool:
        followed.event_id = event.id or followed.event_id
        if event.name == "queued" and not followed.job_id:
            followed.job_id = str(event.data["job_id"])
            self._record(message, "accepted", followed.job_id)
        elif event.name == "delta":
            followed.text += event.data["text"]
        elif event.name == "reply":
            self._answered(message, followed, event.data)
            return True
        elif event.name == "error":
            return self._judge(message, followed, 500, event.data)
        return False

    def _answered(self, message: Message, followed: _Followed, reply: Mapping[str, Any]) -> None:
        said = str(reply["response"])
        if followed.text != said:
            self._record(message, "torn", followed.job_id, f"{followed.text!r}, then {said!r}")
        entry = LedgerEntry(
            *(self._now(), message.number, "answered", str(reply["job_id"]), digest_of(said)),
            words=reply.get("words"),
        )
        self._record_entry(entry)

    def _judge(
        self, message: Message, followed: _Followed, status: int, problem: Mapping[str, Any]
    ) -> bool:
        """Tell whether a problem ends the message."""
        kind = str(problem.get("type", f"status {status}"))
        if kind.startswith(JOB_ENDED_BADLY):
            self._record(message, "failed", followed.job_id or None, kind)
            return True
        if status in RETRYABLE or followed.job_id:
            self._record(message, "trouble", followed.job_id or None, kind)
            return False
        self._record(message, "refused", detail=kind)
        return True

    def _record(
        self, message: Message, event: Any, job_id: str | None = None, detail: str | None = None
    ) -> None:
        self._record_entry(LedgerEntry(self._now(), message.number, event, job_id, detail=detail))

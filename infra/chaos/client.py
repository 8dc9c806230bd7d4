"""One honest client: it retries what may be retried, with the same key, and obeys Retry-After."""

import hashlib
import http.client
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from infra.chaos.ledger import Entry, Event
from infra.chaos.script import Message

_WAIT_SECONDS = 8
_SOCKET_SECONDS = 12.0
_MAX_PAUSE_SECONDS = 5.0
_JOB_ENDED_BADLY = "urn:parley:problem:job-"
UNKNOWN_JOB = "urn:parley:problem:unknown-job"
INTERNAL = "urn:parley:problem:internal-error"
_TRY_AGAIN = frozenset((429, 500, 502, 503, 504))
_TROUBLE = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Said:
    """How far a message got: to its end, into the queue, or nobody knows where."""

    outcome: Literal["ended", "accepted", "gave_up"]
    job_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    status: int
    body: dict[str, Any]
    retry_after_seconds: float | None

    @property
    def problem(self) -> str:
        """Return a problem's type, or the bare status."""
        return str(self.body.get("type", f"status {self.status}"))


def digest_of(text: str) -> str:
    """Return a short stand-in for a reply's text."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class Wire:
    """Kept-alive connections to the gateways; one that failed is left for the next."""

    def __init__(self, urls: Sequence[str], first: int) -> None:
        self._places = [urlsplit(url).netloc for url in urls]
        self._at = first % len(urls)
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        """Send one request; raise OSError or HTTPException where the connection fails."""
        try:
            connection = self._connected()
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        except _TROUBLE:
            self.move_on()
            raise
        after = response.headers.get("Retry-After")
        return Answer(response.status, _object(content), float(after) if after else None)

    def move_on(self) -> None:
        """Drop the connection and take the next gateway from now on."""
        self.close()
        self._at = (self._at + 1) % len(self._places)

    def close(self) -> None:
        """Drop the connection."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            place = self._places[self._at]
            self._connection = http.client.HTTPConnection(place, timeout=_SOCKET_SECONDS)
        return self._connection


class Client:
    """Bring messages to their end, and note everything."""

    def __init__(
        self,
        wire: Wire,
        note: Callable[[Entry], None],
        chance: random.Random,
        timeout_seconds: float,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._wire = wire
        self._note = note
        self._chance = chance
        self._timeout_seconds = timeout_seconds
        self._now = now
        self._sleep = sleep

    def say(self, conversation_id: str, message: Message, *, wait: bool) -> Said:
        """Send a message until it is accepted and, where the client waits, until it has ended."""
        body = msgspec.json.encode({"message": message.text, "conversation_id": conversation_id})
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": f"{conversation_id}-{message.number}",
            "Prefer": f"wait={_WAIT_SECONDS}" if wait else "respond-async",
        }

        def attempt() -> tuple[Answer | None, Said | None]:
            self._tell(message, "sent")
            answer = self._ask(message, "POST", "/chat", body, headers)
            return answer, self._judge(message, answer, wait=wait) if answer else None

        return self._insist(message, attempt)

    def collect(self, message: Message, job_id: str) -> Said:
        """Ask for an accepted job until it has ended."""

        def attempt() -> tuple[Answer | None, Said | None]:
            answer = self._ask(message, "GET", f"/jobs/{job_id}", None, {})
            ended = answer is not None and self._read_job(message, job_id, answer)
            return answer, Said("ended", job_id) if ended else None

        return self._insist(message, attempt)

    def _insist(
        self, message: Message, attempt: Callable[[], tuple[Answer | None, Said | None]]
    ) -> Said:
        """Attempt until it led somewhere or patience ends; pause longer after each failure."""
        deadline = self._now() + self._timeout_seconds
        failures = 0
        while self._now() < deadline:
            answer, said = attempt()
            if said:
                return said
            failures += 1
            self._pause(failures, answer)
        self._tell(message, "gave_up")
        return Said("gave_up")

    def _judge(self, message: Message, answer: Answer, *, wait: bool) -> Said | None:
        """Return what an answer to POST /chat settles, None where it settles nothing yet."""
        if answer.status == 200:
            return self._answered(message, answer.body)
        if answer.status == 202:
            return self._accepted(message, str(answer.body["job_id"]), wait=wait)
        if answer.problem.startswith(_JOB_ENDED_BADLY):
            job_id = str(answer.body.get("instance", "")).removeprefix("/jobs/")
            self._tell(message, "failed", job_id, answer.problem)
            return Said("ended", job_id)
        if answer.status not in _TRY_AGAIN:
            self._tell(message, "refused", detail=answer.problem)
            return Said("ended")
        self._tell(message, "trouble", detail=answer.problem)
        if answer.status != 429:
            self._wire.move_on()
        return None

    def _accepted(self, message: Message, job_id: str, *, wait: bool) -> Said | None:
        """Leave an accepted job, or ask for it, or (None) send the message once more."""
        self._tell(message, "accepted", job_id)
        if not wait:
            return Said("accepted", job_id)
        return self.collect(message, job_id) if self._chance.random() < 0.5 else None

    def _read_job(self, message: Message, job_id: str, answer: Answer) -> bool:
        if answer.body.get("state") == "done":
            self._answered(message, answer.body["reply"])
            return True
        if "error" in answer.body:
            self._tell(message, "failed", job_id, str(answer.body["error"]["type"]))
            return True
        if answer.status != 200:
            self._tell(message, "trouble", job_id, answer.problem)
        return False

    def _ask(
        self, message: Message, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer | None:
        try:
            return self._wire.ask(method, path, body, headers)
        except _TROUBLE as trouble:
            self._tell(message, "trouble", detail=type(trouble).__name__)
            return None

    def _answered(self, message: Message, reply: dict[str, Any]) -> Said:
        job_id, digest = str(reply["job_id"]), digest_of(reply["response"])
        self._note(Entry(self._now(), message.number, "answered", job_id, digest))
        return Said("ended", job_id)

    def _tell(
        self, message: Message, event: Event, job_id: str | None = None, detail: str | None = None
    ) -> None:
        self._note(Entry(self._now(), message.number, event, job_id, detail=detail))

    def _pause(self, failures: int, answer: Answer | None) -> None:
        asked = answer.retry_after_seconds if answer else None
        if asked is None:
            longest = min(_MAX_PAUSE_SECONDS, 0.1 * 2.0 ** min(failures, 10))
            self._sleep(self._chance.uniform(longest / 2, longest))
        else:
            self._sleep(asked * self._chance.uniform(1.0, 1.25))


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}

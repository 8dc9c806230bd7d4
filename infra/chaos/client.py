"""One correct client: it retries what may be retried, with the same key, and obeys Retry-After."""

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from infra.chaos.ledger import Event, LedgerEntry
from infra.chaos.script import Message
from infra.http_client import HTTP_ERRORS, HttpConnection

_WAIT_SECONDS = 8
_SOCKET_SECONDS = 12.0
_MAX_PAUSE_SECONDS = 5.0
JOB_ENDED_BADLY = "urn:parley:problem:job-"
UNKNOWN_JOB = "urn:parley:problem:unknown-job"
INTERNAL = "urn:parley:problem:internal-error"
RETRYABLE = frozenset((429, 500, 502, 503, 504))


@dataclass(frozen=True, slots=True)
class SendResult:
    """How far a message got: to its end, into the queue, or unknown."""

    outcome: Literal["ended", "accepted", "gave_up"]
    job_id: str = ""


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """What came back for one request."""

    status: int
    body: dict[str, Any]
    retry_after_seconds: float | None

    @property
    def problem(self) -> str:
        """Return a problem's type, or the bare status."""
        return str(self.body.get("type", f"status {self.status}"))


def digest_of(text: str) -> str:
    """Return a digest that identifies a reply's text."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class GatewayLink:
    """A kept connection to one of the gateways; after a failure it goes to the next."""

    def __init__(self, urls: Sequence[str], first: int) -> None:
        self._urls = urls
        self._index = first % len(urls)
        self._connection: HttpConnection | None = None

    def ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> GatewayResponse:
        """Send one request; raise one of HTTP_ERRORS if the connection fails."""
        try:
            response = self._connected().request(method, path, body, headers)
        except HTTP_ERRORS:
            self.move_on()
            raise
        after = response.headers.get("Retry-After")
        fields: dict[str, Any] = response.json_object() or {}
        return GatewayResponse(response.status, fields, float(after) if after else None)

    def move_on(self) -> None:
        """Drop the connection and take the next gateway from now on."""
        self.close()
        self._index = (self._index + 1) % len(self._urls)

    def close(self) -> None:
        """Drop the connection."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _connected(self) -> HttpConnection:
        if self._connection is None:
            self._connection = HttpConnection(self._urls[self._index], _SOCKET_SECONDS)
        return self._connection


class RetryingClient:
    """Bring messages to their end, and record everything."""

    def __init__(
        self,
        link: GatewayLink,
        record: Callable[[LedgerEntry], None],
        rng: random.Random,
        timeout_seconds: float,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._link = link
        self._record = record
        self._rng = rng
        self._timeout_seconds = timeout_seconds
        self._now = now
        self._sleep = sleep

    def send(self, conversation_id: str, message: Message, *, wait: bool) -> SendResult:
        """Send a message until it is accepted and, if the client waits, until it has ended."""
        body = msgspec.json.encode({"message": message.text, "conversation_id": conversation_id})
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": f"{conversation_id}-{message.number}",
            "Prefer": f"wait={_WAIT_SECONDS}" if wait else "respond-async",
        }

        def attempt() -> tuple[GatewayResponse | None, SendResult | None]:
            self._record_event(message, "sent")
            response = self._ask(message, "POST", "/chat", body, headers)
            return response, self._judge(message, response, wait=wait) if response else None

        return self._retry(message, attempt)

    def collect(self, message: Message, job_id: str) -> SendResult:
        """Ask for an accepted job until it has ended."""

        def attempt() -> tuple[GatewayResponse | None, SendResult | None]:
            response = self._ask(message, "GET", f"/jobs/{job_id}", None, {})
            ended = response is not None and self._read_job(message, job_id, response)
            return response, SendResult("ended", job_id) if ended else None

        return self._retry(message, attempt)

    def _retry(
        self,
        message: Message,
        attempt: Callable[[], tuple[GatewayResponse | None, SendResult | None]],
    ) -> SendResult:
        """Attempt until there is a result or the time is over; pause longer after each failure."""
        deadline = self._now() + self._timeout_seconds
        failures = 0
        while self._now() < deadline:
            response, result = attempt()
            if result:
                return result
            failures += 1
            self._pause(failures, response)
        self._record_event(message, "gave_up")
        return SendResult("gave_up")

    def _judge(
        self, message: Message, response: GatewayResponse, *, wait: bool
    ) -> SendResult | None:
        """Return what a response to POST /chat settles, None if it settles nothing yet."""
        if response.status == 200:
            return self._answered(message, response.body)
        if response.status == 202:
            return self._accepted(message, str(response.body["job_id"]), wait=wait)
        if response.problem.startswith(JOB_ENDED_BADLY):
            job_id = str(response.body.get("instance", "")).removeprefix("/jobs/")
            self._record_event(message, "failed", job_id, response.problem)
            return SendResult("ended", job_id)
        if response.status not in RETRYABLE:
            self._record_event(message, "refused", detail=response.problem)
            return SendResult("ended")
        self._record_event(message, "trouble", detail=response.problem)
        if response.status != 429:
            self._link.move_on()
        return None

    def _accepted(self, message: Message, job_id: str, *, wait: bool) -> SendResult | None:
        """Leave an accepted job, or poll it, or (None) send the message once more."""
        self._record_event(message, "accepted", job_id)
        if not wait:
            return SendResult("accepted", job_id)
        return self.collect(message, job_id) if self._rng.random() < 0.5 else None

    def _read_job(self, message: Message, job_id: str, response: GatewayResponse) -> bool:
        if response.body.get("state") == "done":
            self._answered(message, response.body["reply"])
            return True
        if "error" in response.body:
            self._record_event(message, "failed", job_id, str(response.body["error"]["type"]))
            return True
        if response.status != 200:
            self._record_event(message, "trouble", job_id, response.problem)
        return False

    def _ask(
        self, message: Message, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> GatewayResponse | None:
        try:
            return self._link.ask(method, path, body, headers)
        except HTTP_ERRORS as trouble:
            self._record_event(message, "trouble", detail=type(trouble).__name__)
            return None

    def _answered(self, message: Message, reply: dict[str, Any]) -> SendResult:
        job_id, digest = str(reply["job_id"]), digest_of(reply["response"])
        words = reply.get("words")
        entry = LedgerEntry(self._now(), message.number, "answered", job_id, digest, words=words)
        self._record(entry)
        return SendResult("ended", job_id)

    def _record_event(
        self, message: Message, event: Event, job_id: str | None = None, detail: str | None = None
    ) -> None:
        self._record(LedgerEntry(self._now(), message.number, event, job_id, detail=detail))

    def _pause(self, failures: int, response: GatewayResponse | None) -> None:
        asked = response.retry_after_seconds if response else None
        if asked is None:
            max_pause = min(_MAX_PAUSE_SECONDS, 0.1 * 2.0 ** min(failures, 10))
            self._sleep(self._rng.uniform(max_pause / 2, max_pause))
        else:
            self._sleep(asked * self._rng.uniform(1.0, 1.25))

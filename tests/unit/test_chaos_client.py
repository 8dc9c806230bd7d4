"""A correct client: what it repeats, what it believes, what it records."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from infra.chaos.client import GatewayLink, GatewayResponse, RetryingClient, SendResult, digest_of
from infra.chaos.ledger import LedgerEntry
from infra.chaos.script import Message
from tests.fakes.clock import ManualClock

MESSAGE = Message(7, "hello (ref 7)")
REPLY: dict[str, Any] = {"job_id": "j", "response": "Good day."}


class ScriptedWire(GatewayLink):
    """Answers what a test has written down, the last line again and again."""

    def __init__(self, answers: Sequence[GatewayResponse | Exception]) -> None:
        super().__init__(["http://a", "http://b"], first=0)
        self.answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.moves = 0

    def ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> GatewayResponse:
        self.asked.append((method, path, headers))
        response = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(response, Exception):
            raise response
        return response

    def move_on(self) -> None:
        self.moves += 1


class ClientFixture:
    """A client with a manual clock and all that it recorded."""

    def __init__(self, *answers: GatewayResponse | Exception) -> None:
        self.link = ScriptedWire(answers)
        self.recorded: list[LedgerEntry] = []
        self.pauses: list[float] = []
        clock = ManualClock()

        def sleep(seconds: float) -> None:
            self.pauses.append(seconds)
            clock.advance(seconds)

        self.rng = random.Random(1)
        self.client = RetryingClient(
            self.link, self.recorded.append, self.rng, 60.0, now=clock.now, sleep=sleep
        )

    @property
    def events(self) -> list[str]:
        return [entry.event for entry in self.recorded]


def response(status: int, retry_after: float | None = None, **body: Any) -> GatewayResponse:
    return GatewayResponse(status, body, retry_after)


def test_a_reply_ends_a_message() -> None:
    fixture = ClientFixture(response(200, **REPLY))
    assert fixture.client.send("c", MESSAGE, wait=True) == SendResult("ended", "j")
    assert fixture.events == ["sent", "answered"]
    assert fixture.recorded[1].digest == digest_of("Good day.")


@pytest.mark.parametrize(
    "trouble",
    [
        ConnectionResetError(),
        response(502),
        response(503, 2.0, type="urn:parley:problem:queue-full"),
        response(429, 1.0, type="urn:parley:problem:conversation-busy"),
        response(500, type="urn:parley:problem:internal-error"),
    ],
)
def test_trouble_is_met_with_the_same_key(trouble: GatewayResponse | Exception) -> None:
    fixture = ClientFixture(trouble, trouble, response(200, **REPLY))
    assert fixture.client.send("c", MESSAGE, wait=True).outcome == "ended"
    assert fixture.events == ["sent", "trouble", "sent", "trouble", "sent", "answered"]
    assert len({headers["Idempotency-Key"] for _, _, headers in fixture.link.asked}) == 1


def test_retry_after_is_obeyed() -> None:
    fixture = ClientFixture(response(503, 4.0), response(200, **REPLY))
    fixture.client.send("c", MESSAGE, wait=True)
    assert 4.0 <= fixture.pauses[0] <= 5.0


def test_without_it_pauses_grow_to_a_bound() -> None:
    fixture = ClientFixture(ConnectionRefusedError())
    assert fixture.client.send("c", MESSAGE, wait=True).outcome == "gave_up"
    assert fixture.events[-1] == "gave_up"
    assert fixture.pauses[0] < 0.3
    assert 2.5 <= fixture.pauses[-1] <= 5.0
    assert sum(fixture.pauses) >= 60.0


def test_one_that_bursts_goes_on_once_its_message_is_accepted() -> None:
    fixture = ClientFixture(response(202, 1.0, job_id="j"))
    assert fixture.client.send("c", MESSAGE, wait=False) == SendResult("accepted", "j")
    assert fixture.link.asked[0][2]["Prefer"] == "respond-async"
    assert fixture.events == ["sent", "accepted"]


@pytest.mark.parametrize(("draw", "method"), [(0.4, "GET"), (0.6, "POST")])
def test_one_that_waits_asks_for_its_job_or_sends_again(draw: float, method: str) -> None:
    ended = response(200, state="done", reply=REPLY) if method == "GET" else response(200, **REPLY)
    fixture = ClientFixture(response(202, 1.0, job_id="j"), ended)
    fixture.rng.random = lambda: draw  # type: ignore[method-assign]
    assert fixture.client.send("c", MESSAGE, wait=True) == SendResult("ended", "j")
    assert [asked[0] for asked in fixture.link.asked] == ["POST", method]
    assert fixture.events[-1] == "answered"


def test_a_job_that_failed_is_an_error_that_was_reported() -> None:
    failed = response(500, type="urn:parley:problem:job-failed", instance="/jobs/j")
    fixture = ClientFixture(failed)
    assert fixture.client.send("c", MESSAGE, wait=True) == SendResult("ended", "j")
    assert (fixture.recorded[1].event, fixture.recorded[1].detail) == ("failed", failed.problem)


def test_a_refusal_ends_a_message() -> None:
    fixture = ClientFixture(response(400, type="urn:parley:problem:invalid-request"))
    assert fixture.client.send("c", MESSAGE, wait=True) == SendResult("ended")
    assert fixture.events == ["sent", "refused"]


def test_a_job_is_asked_for_until_it_has_ended() -> None:
    fixture = ClientFixture(
        response(200, state="queued"),
        response(404, type="urn:parley:problem:unknown-job"),
        response(200, state="expired", error={"type": "urn:parley:problem:job-expired"}),
    )
    assert fixture.client.collect(MESSAGE, "j") == SendResult("ended", "j")
    assert fixture.events == ["trouble", "failed"]
    assert {path for _, path, _ in fixture.link.asked} == {"/jobs/j"}

"""An honest client: what it repeats, what it believes, what it writes down."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from infra.chaos.client import Answer, Client, Said, Wire, digest_of
from infra.chaos.ledger import Entry
from infra.chaos.script import Message
from tests.fakes.clock import ManualClock

MESSAGE = Message(7, "hello (ref 7)")
REPLY: dict[str, Any] = {"job_id": "j", "response": "Good day."}


class ScriptedWire(Wire):
    """Answers what a test has written down, the last line again and again."""

    def __init__(self, answers: Sequence[Answer | Exception]) -> None:
        super().__init__(["http://a", "http://b"], first=0)
        self.answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.moves = 0

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        self.asked.append((method, path, headers))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def move_on(self) -> None:
        self.moves += 1


class Stand:
    """A client with a hand-turned clock and all that it noted."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.wire = ScriptedWire(answers)
        self.noted: list[Entry] = []
        self.pauses: list[float] = []
        clock = ManualClock()

        def sleep(seconds: float) -> None:
            self.pauses.append(seconds)
            clock.advance(seconds)

        self.chance = random.Random(1)
        self.client = Client(
            self.wire, self.noted.append, self.chance, 60.0, now=clock.now, sleep=sleep
        )

    @property
    def events(self) -> list[str]:
        return [entry.event for entry in self.noted]


def answer(status: int, retry_after: float | None = None, **body: Any) -> Answer:
    return Answer(status, body, retry_after)


def test_a_reply_ends_a_message() -> None:
    stand = Stand(answer(200, **REPLY))
    assert stand.client.say("c", MESSAGE, wait=True) == Said("ended", "j")
    assert stand.events == ["sent", "answered"]
    assert stand.noted[1].digest == digest_of("Good day.")


@pytest.mark.parametrize(
    "trouble",
    [
        ConnectionResetError(),
        answer(502),
        answer(503, 2.0, type="urn:parley:problem:queue-full"),
        answer(429, 1.0, type="urn:parley:problem:conversation-busy"),
        answer(500, type="urn:parley:problem:internal-error"),
    ],
)
def test_trouble_is_met_with_the_same_key(trouble: Answer | Exception) -> None:
    stand = Stand(trouble, trouble, answer(200, **REPLY))
    assert stand.client.say("c", MESSAGE, wait=True).outcome == "ended"
    assert stand.events == ["sent", "trouble", "sent", "trouble", "sent", "answered"]
    assert len({headers["Idempotency-Key"] for _, _, headers in stand.wire.asked}) == 1


def test_retry_after_is_obeyed() -> None:
    stand = Stand(answer(503, 4.0), answer(200, **REPLY))
    stand.client.say("c", MESSAGE, wait=True)
    assert 4.0 <= stand.pauses[0] <= 5.0


def test_without_it_pauses_grow_to_a_bound() -> None:
    stand = Stand(ConnectionRefusedError())
    assert stand.client.say("c", MESSAGE, wait=True).outcome == "gave_up"
    assert stand.events[-1] == "gave_up"
    assert stand.pauses[0] < 0.3
    assert 2.5 <= stand.pauses[-1] <= 5.0
    assert sum(stand.pauses) >= 60.0


def test_one_that_bursts_goes_on_once_its_message_is_accepted() -> None:
    stand = Stand(answer(202, 1.0, job_id="j"))
    assert stand.client.say("c", MESSAGE, wait=False) == Said("accepted", "j")
    assert stand.wire.asked[0][2]["Prefer"] == "respond-async"
    assert stand.events == ["sent", "accepted"]


@pytest.mark.parametrize(("draw", "method"), [(0.4, "GET"), (0.6, "POST")])
def test_one_that_waits_asks_for_its_job_or_sends_again(draw: float, method: str) -> None:
    ended = answer(200, state="done", reply=REPLY) if method == "GET" else answer(200, **REPLY)
    stand = Stand(answer(202, 1.0, job_id="j"), ended)
    stand.chance.random = lambda: draw  # type: ignore[method-assign]
    assert stand.client.say("c", MESSAGE, wait=True) == Said("ended", "j")
    assert [asked[0] for asked in stand.wire.asked] == ["POST", method]
    assert stand.events[-1] == "answered"


def test_a_job_that_ended_badly_is_an_error_that_was_told() -> None:
    failed = answer(500, type="urn:parley:problem:job-failed", instance="/jobs/j")
    stand = Stand(failed)
    assert stand.client.say("c", MESSAGE, wait=True) == Said("ended", "j")
    assert (stand.noted[1].event, stand.noted[1].detail) == ("failed", failed.problem)


def test_a_refusal_ends_a_message() -> None:
    stand = Stand(answer(400, type="urn:parley:problem:invalid-request"))
    assert stand.client.say("c", MESSAGE, wait=True) == Said("ended")
    assert stand.events == ["sent", "refused"]


def test_a_job_is_asked_for_until_it_has_ended() -> None:
    stand = Stand(
        answer(200, state="queued"),
        answer(404, type="urn:parley:problem:unknown-job"),
        answer(200, state="expired", error={"type": "urn:parley:problem:job-expired"}),
    )
    assert stand.client.collect(MESSAGE, "j") == Said("ended", "j")
    assert stand.events == ["trouble", "failed"]
    assert {path for _, path, _ in stand.wire.asked} == {"/jobs/j"}

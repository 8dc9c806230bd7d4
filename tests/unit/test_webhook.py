"""The webhook's sender, signature and settings, without a server."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field

import pytest

from gateway.settings import GatewaySettings
from gateway.webhook.outbox import WaitingEvent
from gateway.webhook.sender import (
    GIVE_UP_SECONDS,
    TRY_SECONDS,
    DeliveryOutcome,
    WebhookSender,
    pause_seconds,
)
from gateway.webhook.signature import signed_headers, signing_key
from shared.errors import DeliveryFailed, SettingsError
from shared.settings import load
from tests.fakes.clock import ManualClock
from tests.fakes.outbox import FakeOutbox

URL, SECRET = "PARLEY_HANDOVER_WEBHOOK", "PARLEY_HANDOVER_WEBHOOK_SECRET"


@dataclass
class Desk:
    """A sender, what it sent, and whether the other side takes it."""

    clock: ManualClock = field(default_factory=ManualClock)
    refusal: str | None = None

    def __post_init__(self) -> None:
        self.outbox = FakeOutbox()
        self.sent: list[str] = []
        self.outcomes: list[DeliveryOutcome] = []
        self.sender = WebhookSender(self.outbox, self.deliver, self.clock, self.outcomes.append)

    def deliver(self, event_id: str, body: bytes) -> None:
        if self.refusal:
            raise DeliveryFailed(self.refusal)
        assert json.loads(body)["id"] == event_id
        self.sent.append(event_id)

    def put(self, event_id: str) -> None:
        at, body = repr(self.clock.now()), b'{"id":"%s"}' % event_id.encode()
        self.outbox.put(WaitingEvent("c-1", 0, at, body, event_id, "handover.opened"))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_is_due_is_sent_in_order(desk: Desk) -> None:
    desk.put("h-1.1")
    desk.put("h-1.2")

    assert [desk.sender.send_next() for _ in range(3)] == [True, True, False]
    assert desk.sent == ["h-1.1", "h-1.2"]
    assert desk.outcomes == ["ok", "ok"]
    assert desk.outbox.ends_at == desk.clock.now() + TRY_SECONDS


def test_a_refused_event_is_sent_again_later(desk: Desk) -> None:
    desk.put("h-1.1")
    desk.refusal = "it answered 503"
    assert desk.sender.send_next()
    assert not desk.sender.send_next()
    desk.refusal = None
    desk.clock.advance(2)

    assert desk.sender.send_next()
    assert desk.sent == ["h-1.1"]
    assert desk.outcomes == ["failed", "ok"]


def test_an_event_that_is_never_taken_is_given_up_after_a_day(desk: Desk) -> None:
    desk.put("h-1.1")
    desk.refusal = "it answered 503"
    begun, tries = desk.clock.now(), 0
    while not desk.outbox.given_up:
        desk.clock.advance(max(0.0, desk.outbox.due_at - desk.clock.now()))
        assert desk.sender.send_next()
        tries += 1

    assert 25 <= tries <= 60
    assert GIVE_UP_SECONDS <= desk.clock.now() - begun < GIVE_UP_SECONDS + 3_600
    reason = f"the webhook did not take it in {tries} tries: it answered 503"
    assert desk.outbox.given_up == [("h-1.1", reason)]
    assert desk.outcomes == ["failed"] * (tries - 1) + ["given_up"]


def test_an_event_that_waited_for_days_gets_a_try_all_the_same(desk: Desk) -> None:
    desk.put("h-1.1")
    desk.clock.advance(3 * GIVE_UP_SECONDS)

    assert desk.sender.send_next()
    assert desk.sent == ["h-1.1"]


@pytest.mark.parametrize(
    ("failures", "least", "most"), [(0, 1, 2), (1, 2, 4), (5, 32, 64), (40, 1_800, 3_600)]
)
def test_pauses_double_up_to_an_hour(failures: int, least: float, most: float) -> None:
    pauses = [pause_seconds(failures) for _ in range(50)]

    assert least <= min(pauses) < max(pauses) <= most


def test_a_receiver_verifies_the_signature_with_the_secret_alone() -> None:
    headers = signed_headers(b"the secret itself", "h-1.1", 1_700_000_000.9, b'{"id":1}')

    signed = b'h-1.1.1700000000.{"id":1}'
    digest = hmac.new(b"the secret itself", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert headers["webhook-id"] == "h-1.1"
    assert headers["webhook-timestamp"] == "1700000000"


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_c2VjcmV0IQ==", b"secret!"),
        ("any text of some length", b"any text of some length"),
        ("whsec_no base64", b"whsec_no base64"),
    ],
)
def test_a_secret_is_base64_after_its_prefix_or_the_text(secret: str, key: bytes) -> None:
    assert signing_key(secret) == key


@pytest.mark.parametrize(
    "url",
    [
        "example.com/hook",
        "ftp://example.com",
        "https://",
        "https:///hook",
        "https://exa mple.com",
        "https://example.com/\nhook",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://me:secret@example.com/",
        "https://[::1/",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_none_stops_the_process(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv(SECRET, "x" * 24)
    monkeypatch.setenv(URL, url)
    with pytest.raises(SettingsError, match=URL):
        load(GatewaySettings)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a?b=c", "https://[::1]:8443", "https://a.b"])
def test_an_address_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv(SECRET, "x" * 24)
    monkeypatch.setenv(URL, url)
    assert load(GatewaySettings).handover_webhook == url


def test_without_a_secret_there_is_no_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, "https://example.com/hook")
    with pytest.raises(SettingsError, match=f"{SECRET} is not valid: {URL.lower()} needs one"):
        load(GatewaySettings)


def test_a_secret_is_in_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, "hush")
    with pytest.raises(SettingsError, match="at least 24 characters") as fault:
        load(GatewaySettings)
    assert "hush" not in str(fault.value)
    monkeypatch.setenv(SECRET, "hush" * 6)
    assert "hush" not in repr(load(GatewaySettings))

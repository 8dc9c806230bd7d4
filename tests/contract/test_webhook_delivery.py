"""Events over HTTP to a real server that fails first, hangs, or sends elsewhere."""

import time
from collections.abc import Iterator

import pytest
import redis

from gateway.webhook.delivery import HttpDelivery
from gateway.webhook.outbox import RedisOutbox
from gateway.webhook.sender import DeliveryOutcome, WebhookSender
from gateway.webhook.signature import signed_headers, signing_key
from shared.errors import DeliveryFailed
from tests.contract.handover_stand import HandoverStand
from tests.fakes.clock import ManualClock
from tests.support.help_desk import HelpDesk, running_help_desk
from tests.support.processes import free_port, wait_until

SECRET = "only for these tests, of course"  # noqa: S105


@pytest.fixture
def desk() -> Iterator[HelpDesk]:
    with running_help_desk() as desk:
        yield desk


def test_an_event_is_signed_json_at_the_whole_address(desk: HelpDesk) -> None:
    clock = ManualClock()
    HttpDelivery(desk.url, SECRET, clock)("h-1.1", b'{"id":"h-1.1"}')

    [(path, headers, body)] = desk.heard
    assert (path, body) == ("/hook?desk=1", b'{"id":"h-1.1"}')
    assert headers["content-type"] == "application/json"
    expected = signed_headers(signing_key(SECRET), "h-1.1", clock.now(), body)
    assert expected.items() <= headers.items()


@pytest.mark.parametrize("status", [301, 307, 400, 410, 500])
def test_any_answer_but_success_is_a_failure_and_leads_nowhere(desk: HelpDesk, status: int) -> None:
    desk.statuses = [status]
    with pytest.raises(DeliveryFailed, match=f"it answered {status}"):
        HttpDelivery(desk.url, SECRET, ManualClock())("h-1.1", b"{}")
    assert len(desk.heard) == 1


def test_nobody_there_is_a_failure() -> None:
    deliver = HttpDelivery(f"http://127.0.0.1:{free_port()}/", SECRET, ManualClock())
    with pytest.raises(DeliveryFailed, match="refused"):
        deliver("h-1.1", b"{}")


def test_a_server_that_never_ends_its_answer_is_cut_off(desk: HelpDesk) -> None:
    desk.trickles = True
    deliver = HttpDelivery(desk.url, SECRET, ManualClock(), timeout_seconds=0.3)
    began_at = time.monotonic()

    with pytest.raises(DeliveryFailed):
        deliver("h-1.1", b"{}")

    assert time.monotonic() - began_at < 5


def test_events_arrive_in_order_at_a_desk_that_fails_first(
    desk: HelpDesk, redis_client: "redis.Redis"
) -> None:
    stand = HandoverStand(redis_client)
    desk.statuses = [500, 503]
    outbox, deliver = RedisOutbox(redis_client), HttpDelivery(desk.url, SECRET, stand.clock)
    stand.open(webhook=True)
    outcomes: list[DeliveryOutcome] = []
    senders = [WebhookSender(outbox, deliver, stand.clock, outcomes.append) for _ in range(3)]
    for sender in senders:
        sender.start()
    for tries in (1, 2, 3):  # the next try is put off by the clock as it is once this one is over
        wait_until(lambda tries=tries: len(outcomes) == tries, 10)  # type: ignore[misc]
        stand.clock.advance(5)
    for sender in senders:
        sender.stop()

    assert outcomes == ["failed", "failed", "ok"]
    assert not redis_client.exists("parley:outbox")
    assert [headers["webhook-id"] for _, headers, _ in desk.heard] == ["h-1.1"] * 3
    assert len({body for _, _, body in desk.heard}) == 1

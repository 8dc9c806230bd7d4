"""What a completion writes of a handover: shared/lua/handovers.lua."""

from dataclasses import replace

import pytest
import redis

from shared import keys
from shared.handovers import HandoverSummary
from shared.subscription import Subscription
from tests.contract.handover_stand import SUMMARY, TTL, HandoverStand
from tests.support.processes import wait_until


@pytest.fixture
def stand(redis_client: "redis.Redis") -> HandoverStand:
    return HandoverStand(redis_client)


def test_an_opened_handover_is_read_as_it_was_written(stand: HandoverStand) -> None:
    stand.open()

    assert stand.record() == stand.opening("h-1", "c-1")
    assert not stand.has_person()


def test_one_that_is_open_gets_the_new_summary_and_keeps_its_place(stand: HandoverStand) -> None:
    stand.open()
    first = stand.record()
    stand.clock.advance(5)
    later = HandoverSummary(("And now?",), (), ("negative", "neutral"))

    stand.open("h-2", summary=later)

    assert stand.record() == replace(first, summary=later)
    assert stand.client.zcard(keys.handovers("open")) == 1
    assert stand.client.zcard(keys.handovers("all")) == 1


def test_all_of_it_lives_as_long_as_its_conversation(stand: HandoverStand) -> None:
    stand.open(webhook=True)

    lives = {key: stand.client.ttl(key) for key in stand.client.scan_iter()}
    outbox = {keys.OUTBOX.encode(), keys.outbox_events("c-1").encode()}
    assert len(lives) == 6
    assert all(0 < lives[key] <= TTL for key in lives.keys() - outbox)
    assert all(86_400 < lives[key] <= 7 * 86_400 for key in outbox)


def test_an_expired_record_leaves_the_indexes_with_the_next_opening(stand: HandoverStand) -> None:
    stand.open("h-1", "c-1")
    stand.client.delete(keys.handover("c-1"))
    stand.clock.advance(TTL + 1)

    stand.open("h-2", "c-2")

    assert stand.client.zrange(keys.handovers("open"), 0, -1) == [b"c-2"]
    assert stand.client.zrange(keys.handovers("all"), 0, -1) == [b"c-2"]


def test_gateways_hear_of_it(stand: HandoverStand) -> None:
    heard: list[bytes] = []
    subscription = Subscription(stand.client, keys.CONVERSATIONS, heard.append, name="test")
    subscription.start()
    assert subscription.wait_until_live(10)

    stand.open()

    wait_until(lambda: heard == [b"c-1"], 10)
    subscription.stop()


def test_without_a_webhook_no_event_waits(stand: HandoverStand) -> None:
    stand.open(summary=SUMMARY)

    assert stand.client.exists(keys.OUTBOX, keys.outbox_events("c-1")) == 0

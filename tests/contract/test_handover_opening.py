"""What a completion writes of a handover: shared/lua/handovers.lua."""

from dataclasses import replace
from typing import Any, cast

import pytest
import redis

from shared import keys
from shared.handovers import HandoverSummary
from tests.contract.handover_stand import SUMMARY, TTL, HandoverStand


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
    stand.open()

    kept = (keys.handover("c-1"), keys.handover_conversation("h-1"))
    assert all(0 < stand.client.ttl(key) <= TTL for key in kept)


def test_an_expired_record_leaves_the_indexes_with_the_next_opening(stand: HandoverStand) -> None:
    stand.open("h-1", "c-1")
    stand.client.delete(keys.handover("c-1"))
    stand.clock.advance(TTL + 1)

    stand.open("h-2", "c-2")

    assert stand.client.zrange(keys.handovers("open"), 0, -1) == [b"c-2"]
    assert stand.client.zrange(keys.handovers("all"), 0, -1) == [b"c-2"]


def test_gateways_hear_of_it(stand: HandoverStand) -> None:
    with cast("Any", stand.client).pubsub() as listener:
        listener.subscribe(keys.CONVERSATIONS)
        assert listener.get_message(timeout=5)

        stand.open()

        heard = listener.get_message(timeout=5)
        assert heard
        assert heard["data"] == b"c-1"


def test_without_a_webhook_no_event_waits(stand: HandoverStand) -> None:
    stand.open(summary=SUMMARY)

    assert stand.client.exists(keys.OUTBOX, keys.outbox_events("c-1")) == 0

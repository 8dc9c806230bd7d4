"""Webhook events: written with the change they tell of, handed out one at a time, kept if lost."""

import json
from typing import Any

import msgspec
import pytest
import redis

from gateway.queue.handovers import RedisHandovers
from gateway.webhook.outbox import RedisOutbox, WaitingEvent
from infra.dead_letters import DeadLetterBox
from shared import keys
from shared.handovers import HandoverReason
from tests.contract.handover_stand import TTL, HandoverStand


@pytest.fixture
def stand(redis_client: "redis.Redis") -> HandoverStand:
    return HandoverStand(redis_client)


@pytest.fixture
def outbox(stand: HandoverStand) -> RedisOutbox:
    return RedisOutbox(stand.client)


def take(stand: HandoverStand, outbox: RedisOutbox) -> WaitingEvent | None:
    return outbox.take(stand.clock.now(), stand.clock.now() + 60)


def must_take(stand: HandoverStand, outbox: RedisOutbox) -> WaitingEvent:
    event = take(stand, outbox)
    assert event is not None
    return event


def drain(stand: HandoverStand, outbox: RedisOutbox) -> list[dict[str, Any]]:
    """Deliver all that is due, and return it."""
    bodies: list[dict[str, Any]] = []
    while event := take(stand, outbox):
        bodies.append(json.loads(event.body))
        outbox.delivered(event)
    return bodies


def test_each_change_is_an_event_with_the_handover_as_it_was_then(
    stand: HandoverStand, outbox: RedisOutbox
) -> None:
    handovers = RedisHandovers(stand.client, stand.clock, TTL)
    stand.open(webhook=True)
    stand.customer_writes("to the bot, still")
    handovers.claim("h-1", "anna")
    handovers.claim("h-1", "anna")
    stand.customer_writes('Hello "you" \\ 🙄')
    handovers.reply("h-1", "Hello", None)
    handovers.close("h-1", "Found.")
    handovers.close("h-1", "Found.")

    events = drain(stand, outbox)

    assert [(event["type"], event["handover"]["state"]) for event in events] == [
        ("handover.opened", "open"),
        ("handover.claimed", "claimed"),
        ("handover.message", "claimed"),
        ("handover.replied", "claimed"),
        ("handover.closed", "closed"),
    ]
    assert [event["id"] for event in events] == [f"h-1.{number}" for number in range(1, 6)]
    assert events[0]["handover"] == json.loads(msgspec.json.encode(stand.opening("h-1", "c-1")))
    assert [event.get("turn", {}).get("text") for event in events] == [
        None, None, 'Hello "you" \\ 🙄', "Hello", None,
    ]  # fmt: skip
    assert events[3]["turn"]["by"] == "anna"
    assert {event["at"] for event in events} == {stand.clock.now()}
    assert stand.client.exists(keys.OUTBOX, keys.outbox_events("c-1")) == 0


def test_an_open_one_that_becomes_urgent_says_so_once(
    stand: HandoverStand, outbox: RedisOutbox
) -> None:
    stand.open(webhook=True)
    reasons: tuple[HandoverReason, ...] = ("emergency", "emergency", "tone")
    for reason in reasons:
        stand.open("h-2", reason=reason, webhook=True)

    assert stand.record().reason == "emergency"
    events = [(event["type"], event["handover"]["reason"]) for event in drain(stand, outbox)]
    assert events == [("handover.opened", "wish"), ("handover.escalated", "emergency")]


def test_an_event_is_handed_out_once_and_again_after_its_time(
    stand: HandoverStand, outbox: RedisOutbox
) -> None:
    stand.open(webhook=True)

    first = must_take(stand, outbox)

    assert take(stand, outbox) is None
    stand.clock.advance(61)
    assert take(stand, outbox) == first


def test_a_failed_event_holds_back_those_after_it_and_no_other_conversation(
    stand: HandoverStand, outbox: RedisOutbox
) -> None:
    handovers = RedisHandovers(stand.client, stand.clock, TTL)
    stand.open("h-1", "c-1", webhook=True)
    outbox.retry(must_take(stand, outbox), stand.clock.now() + 30)
    handovers.claim("h-1", "anna")
    stand.open("h-2", "c-2", webhook=True)

    assert [event["id"] for event in drain(stand, outbox)] == ["h-2.1"]
    stand.clock.advance(30)
    again = must_take(stand, outbox)
    assert (again.id, again.failures) == ("h-1.1", 1)
    outbox.delivered(again)
    assert [event["id"] for event in drain(stand, outbox)] == ["h-1.2"]


def test_who_comes_late_changes_nothing(stand: HandoverStand, outbox: RedisOutbox) -> None:
    stand.open(webhook=True)
    slow = must_take(stand, outbox)
    stand.clock.advance(61)
    quick = must_take(stand, outbox)
    outbox.retry(quick, stand.clock.now())

    outbox.delivered(slow)

    assert must_take(stand, outbox).failures == 1


def test_a_dead_letter_is_retried_as_the_same_event(
    stand: HandoverStand, outbox: RedisOutbox
) -> None:
    stand.open(webhook=True)
    event = must_take(stand, outbox)
    outbox.give_up(event, "it answered 500", stand.clock.now())
    assert take(stand, outbox) is None

    box = DeadLetterBox(stand.client)
    (boxed,) = box.read()
    assert (boxed.name, boxed.letter.task) == ("h-1.1", "handover.opened")
    assert boxed.letter.reason == "it answered 500"
    assert box.retry(boxed)

    again = must_take(stand, outbox)
    assert (again.id, again.body, again.failures) == (event.id, event.body, 0)
    assert box.read() == []


def test_events_whose_list_has_expired_are_passed_over(
    stand: HandoverStand, outbox: RedisOutbox
) -> None:
    stand.open("h-1", "c-1", webhook=True)
    stand.open("h-2", "c-2", webhook=True)
    stand.client.delete(keys.outbox_events("c-1"))

    assert [event["id"] for event in drain(stand, outbox)] == ["h-2.1"]
    assert stand.client.exists(keys.OUTBOX) == 0

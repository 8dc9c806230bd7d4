"""What persons do with handovers, on a real Redis."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import redis

from gateway.queue.conversations import RedisConversations
from gateway.queue.handovers import (
    TENANTS_TOGETHER,
    HandoverFigures,
    HandoverFilter,
    RedisHandovers,
)
from gateway.queue.publisher import EnqueueLimits
from shared import keys
from shared.connection import connect
from shared.errors import HandoverConflict, InvalidRequest, QueueUnavailable, UnknownHandover
from shared.jobs import Turn
from tests.contract.handover_stand import TTL, HandoverStand
from tests.fakes.clock import ManualClock
from tests.support.processes import free_port


@pytest.fixture
def stand(redis_client: "redis.Redis") -> HandoverStand:
    return HandoverStand(redis_client)


@pytest.fixture
def handovers(stand: HandoverStand) -> RedisHandovers:
    return RedisHandovers(stand.client, stand.clock, TTL)


def test_a_claim_gives_it_to_the_first_and_names_them_to_the_second(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    stand.open()
    stand.clock.advance(3)

    claimed = handovers.claim("h-1", "anna")
    stand.clock.advance(1)

    assert (claimed.state, claimed.claimed_by) == ("claimed", "anna")
    assert claimed.claimed_at == stand.clock.now() - 1
    assert stand.has_person()
    with pytest.raises(HandoverConflict, match=r"anna has it\.") as conflict:
        handovers.claim("h-1", "ben")
    assert (conflict.value.state, conflict.value.claimed_by) == ("claimed", "anna")
    assert handovers.claim("h-1", "anna") == claimed == handovers.find("h-1")


def test_a_reply_becomes_a_turn_that_says_who_wrote_it(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    stand.open()
    handovers.claim("h-1", 'Anna "A." Ünal')

    turn = handovers.reply("h-1", "Hello 👋", None)

    assert turn == Turn("assistant", "Hello 👋", "h-1", stand.clock.now(), 'Anna "A." Ünal')
    assert stand.turns() == [turn]
    assert 0 < stand.client.ttl(keys.turns("c-1")) <= TTL


def test_a_reply_that_comes_twice_after_a_lost_answer_is_one_turn(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    stand.open()
    handovers.claim("h-1", "anna")

    handovers.reply("h-1", "Hello", "anna")
    handovers.reply("h-1", "Hello", "anna")  # at the same time: the same call
    stand.clock.advance(1)
    handovers.reply("h-1", "Hello", "anna")

    assert len(stand.turns()) == 2


def test_only_as_many_turns_are_kept_as_ever(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    stand.client.rpush(keys.turns("c-1"), *[b"{}"] * keys.MAX_TURNS)
    stand.open()
    handovers.claim("h-1", "anna")

    handovers.reply("h-1", "Hello", None)

    assert stand.client.llen(keys.turns("c-1")) == keys.MAX_TURNS


def test_nobody_replies_who_does_not_have_it(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    stand.open()
    with pytest.raises(HandoverConflict, match="Nobody has claimed it yet"):
        handovers.reply("h-1", "Hello", None)
    handovers.claim("h-1", "anna")
    with pytest.raises(HandoverConflict, match="anna has it"):
        handovers.reply("h-1", "Hello", "ben")
    handovers.close("h-1", None)
    with pytest.raises(HandoverConflict, match="It is closed"):
        handovers.reply("h-1", "Hello", "anna")
    assert stand.turns() == []


def test_a_closed_one_is_the_bot_s_again_and_says_nothing(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    stand.open()
    handovers.claim("h-1", "anna")

    closed = handovers.close("h-1", "Found.", "ben")
    stand.clock.advance(9)

    assert (closed.state, closed.note, closed.claimed_by) == ("closed", "Found.", "anna")
    assert closed.closed_by == "ben"
    assert not stand.has_person()
    assert stand.turns() == []
    assert handovers.close("h-1", "again") == closed
    with pytest.raises(HandoverConflict, match="It is closed"):
        handovers.claim("h-1", "anna")


def test_a_conversation_may_be_handed_over_again(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    stand.open("h-1")
    handovers.claim("h-1", "anna")
    handovers.close("h-1", "Found.")
    stand.clock.advance(60)

    stand.open("h-2")

    assert handovers.last_of("c-1") == stand.opening("h-2", "c-1")
    assert [each.id for each in handovers.page("all", 9, None).handovers] == ["h-2"]
    with pytest.raises(UnknownHandover):
        handovers.find("h-1")


@pytest.mark.parametrize("call", ["claim", "reply", "close", "find"])
def test_an_unknown_one_is_said_to_be(handovers: RedisHandovers, call: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "claim": lambda: handovers.claim("h-9", "anna"),
        "reply": lambda: handovers.reply("h-9", "Hello", None),
        "close": lambda: handovers.close("h-9", None),
        "find": lambda: handovers.find("h-9"),
    }
    with pytest.raises(UnknownHandover):
        calls[call]()
    assert handovers.last_of("c-9") is None


def listed(handovers: RedisHandovers, state: HandoverFilter, limit: int) -> list[list[str]]:
    """Return the ids of all pages."""
    page = handovers.page(state, limit, None)
    pages = [[each.id for each in page.handovers]]
    while page.next:
        page = handovers.page(state, limit, page.next)
        pages.append([each.id for each in page.handovers])
    return pages


def test_pages_hold_each_once_oldest_first_also_those_opened_at_once(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    for number in range(7):
        stand.open(f"h-{number}", f"c-{number}")
        stand.clock.advance(number % 2)

    assert listed(handovers, "open", 3) == [["h-0", "h-1", "h-2"], ["h-3", "h-4", "h-5"], ["h-6"]]
    assert listed(handovers, "all", 7) == [[f"h-{number}" for number in range(7)]]


def test_each_is_listed_under_its_state(stand: HandoverStand, handovers: RedisHandovers) -> None:
    for name in "abc":
        stand.open(name, f"c-{name}")
        stand.clock.advance(1)
    handovers.claim("a", "anna")
    handovers.close("b", None)

    states: tuple[HandoverFilter, ...] = ("open", "claimed", "closed", "all")
    assert [listed(handovers, state, 9)[0] for state in states] == [
        ["c"], ["a"], ["b"], ["a", "b", "c"],
    ]  # fmt: skip


def test_a_page_goes_on_when_its_last_one_has_left(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    for name in "abc":
        stand.open(name, f"c-{name}")
        stand.clock.advance(1)
    first = handovers.page("open", 2, None)
    handovers.claim("b", "anna")

    assert [each.id for each in handovers.page("open", 2, first.next).handovers] == ["c"]


def test_expired_ones_are_passed_over(stand: HandoverStand, handovers: RedisHandovers) -> None:
    for name in "abcd":
        stand.open(name, f"c-{name}")
        stand.clock.advance(1)
    stand.client.delete(keys.handover("c-a"), keys.handover("c-c"))

    assert listed(handovers, "open", 1) == [["b"], ["d"]]


@pytest.mark.parametrize("cursor", ["", "yesterday", "1~", "~c-1", "1e9~c-1", "1~c\n1"])
def test_a_cursor_of_nobody_s_is_refused(handovers: RedisHandovers, cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        handovers.page("open", 2, cursor)


def test_erasing_a_conversation_leaves_nothing_of_its_handover(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    stand.open(webhook=True)
    handovers.claim("h-1", "anna")
    stand.customer_writes("My number is 4711")
    handovers.reply("h-1", "Hello", None)

    conversations = RedisConversations(stand.client, ManualClock(), EnqueueLimits(4, 60, 90))
    conversations.erase("c-1")

    assert stand.client.keys() == []


def test_figures_count_what_waits_and_since_when(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    assert handovers.figures() == HandoverFigures(0, None, 0, None, 0, None)
    begun = stand.clock.now()
    for name in "abc":
        stand.open(name, f"c-{name}", webhook=True)
        stand.clock.advance(1)
    handovers.claim("a", "anna")

    figures = handovers.figures()

    assert (figures.open, figures.open_since) == (2, begun + 1)
    assert (figures.claimed, figures.claimed_since) == (1, begun)
    assert (figures.events, figures.events_since) == (4, begun)


def test_figures_of_many_tenants_are_counted_some_at_a_time(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    begun, names = stand.clock.now(), [f"t{number}" for number in range(2 * TENANTS_TOGETHER + 3)]
    for number, name in enumerate(names):
        stand.client.zadd(keys.handovers("open", name), {f"{name}␟c": begun + number})
    stand.open(webhook=True)

    before = _script_calls(stand.client)
    figures = handovers.figures([*names, "default"])

    assert _script_calls(stand.client) - before == 3
    assert (figures.open, figures.open_since) == (len(names) + 1, begun)
    assert (figures.events, figures.events_since) == (1, begun)
    assert handovers.figures(names[::-1]).events == 1


def _script_calls(client: "redis.Redis") -> int:
    stats: Any = client.info("commandstats")
    return int(stats.get("cmdstat_evalsha", {"calls": 0})["calls"])


def test_a_customer_who_writes_keeps_the_handover_alive(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    stand.open()
    handovers.claim("h-1", "anna")
    for key in (keys.handover("c-1"), keys.handover_conversation("h-1")):
        stand.client.expire(key, 5)

    stand.customer_writes("Are you there?")

    assert stand.client.ttl(keys.handover("c-1")) > 5
    assert stand.client.ttl(keys.handover_conversation("h-1")) > 5


def test_without_a_server_all_say_so() -> None:
    client = connect(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=0.5)
    handovers = RedisHandovers(client, ManualClock(), TTL)
    calls: list[Callable[[], object]] = [
        lambda: handovers.page("open", 1, None),
        lambda: handovers.find("h-1"),
        lambda: handovers.claim("h-1", "anna"),
        lambda: handovers.last_of("c-1"),
        handovers.figures,
    ]
    for call in calls:
        with pytest.raises(QueueUnavailable):
            call()


def test_replacing_a_summary_changes_nothing_else_of_a_claimed_one(
    stand: HandoverStand, handovers: RedisHandovers
) -> None:
    stand.open()
    claimed = handovers.claim("h-1", "anna")
    later = replace(claimed.summary, asked=("Still there?",))

    stand.open("h-2", summary=later)

    assert handovers.find("h-1") == replace(claimed, summary=later)

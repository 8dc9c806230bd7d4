"""What persons say of replies, on the real server: kept, counted, replaced, erased."""

from collections.abc import Mapping

import msgspec
import pytest

from gateway.queue.conversations import RedisConversations
from shared import keys
from shared.feedback import Feedback
from tests.contract.broker import Broker
from tests.contract.conversation_stand import LIMITS, ConversationStand

pytestmark = pytest.mark.parametrize("broker", ["", "{p07}"], indirect=True)


SCORE = "variant=bert|encoder=small|score="
RESOLVED = "variant=bert|encoder=small|resolved="


@pytest.fixture
def stand(broker: Broker) -> ConversationStand:
    return ConversationStand(broker)


def kept(stand: ConversationStand, conversation: str) -> Mapping[str, Feedback]:
    found: dict[bytes, bytes] = stand.broker.client.hgetall(keys.feedback_of(conversation))  # type: ignore[assignment]
    return {name.decode(): msgspec.json.decode(raw, type=Feedback) for name, raw in found.items()}


def test_it_is_kept_with_its_conversation_and_counted(stand: ConversationStand) -> None:
    stand.say("one", "c-1")

    assert stand.feedback.put("one", 4, "Quick.")

    found = kept(stand, "c-1")["one"]
    assert (found.score, found.comment, found.at) == (4, "Quick.", stand.broker.clock.now())
    assert stand.counted()[f"{SCORE}4"] == 1
    assert stand.counted(entries=True)["score=4|entry=entry"] == 1
    for key in (keys.FEEDBACK, keys.feedback_of("c-1")):
        assert 0 < stand.broker.client.ttl(key) <= keys.REPORT_TTL_SECONDS


def test_said_again_it_replaces_what_was_said(stand: ConversationStand) -> None:
    stand.say("one", "c-1")
    stand.feedback.put("one", 1, "Bad.")
    stand.feedback.put("one", 5, None)
    stand.feedback.put("one", 5, None)

    assert kept(stand, "c-1")["one"].comment is None
    assert {name: n for name, n in stand.counted().items() if "score" in name} == {f"{SCORE}5": 1}
    assert "score=1|entry=entry" not in stand.counted(entries=True)
    assert stand.counted(entries=True)["score=5|entry=entry"] == 1


def test_what_was_counted_on_a_day_that_is_gone_is_left(stand: ConversationStand) -> None:
    stand.say("one", "c-1")
    stand.feedback.put("one", 1, None)
    gone = [*stand.broker.client.scan_iter("parley:*counts:*")]
    stand.broker.client.delete(*gone)
    stand.broker.clock.advance(86_400)

    assert stand.feedback.put("one", 2, None)

    assert stand.counted()[f"{SCORE}2"] == 1
    assert stand.broker.client.exists(*gone) == 0


def test_a_bad_rating_of_the_last_turn_unresolves_the_conversation(
    stand: ConversationStand,
) -> None:
    stand.say("one", "c-1")
    stand.say("two", "c-1")
    stand.feedback.put("one", 1, None)
    assert stand.counted()[f"{RESOLVED}1"] == 1

    stand.feedback.put("two", 2, None)
    assert stand.counted()[f"{RESOLVED}0"] == 1
    assert f"{RESOLVED}1" not in stand.counted()

    stand.feedback.put("two", 3, None)
    assert stand.counted()[f"{RESOLVED}1"] == 1
    assert 0 < stand.broker.client.ttl(keys.outcome("c-1")) <= 86_400


@pytest.mark.parametrize(
    "stored",
    [
        None,
        b"no JSON",
        b"[]",
        b'{"status":"SUCCESS","result":5}',
        b'{"status":"SUCCESS","result":{}}',
        b'{"status":"REVOKED","result":{"conversation_id":"c-1"}}',
        b'{"status":"SUCCESS","result":{"conversation_id":"never"}}',
    ],
)
def test_a_job_without_a_reply_cannot_be_rated(
    stand: ConversationStand, stored: bytes | None
) -> None:
    if stored is not None:
        stand.broker.client.set(keys.result("odd"), stored)

    assert not stand.feedback.put("odd", 3, None)
    assert stand.counted() == {}


def test_nothing_comes_back_of_an_erased_conversation(stand: ConversationStand) -> None:
    stand.say("one", "c-1")
    stand.feedback.put("one", 1, "Bad.")

    RedisConversations(stand.broker.client, stand.broker.clock, LIMITS).erase("c-1")

    assert not stand.feedback.put("one", 1, "Bad.")
    names = [key for key in stand.broker.client.scan_iter() if b"c-1" in key]
    assert names == []
    assert stand.broker.client.zcard(keys.FEEDBACK) == 0


def test_only_the_last_conversations_are_kept(stand: ConversationStand) -> None:
    client = stand.broker.client
    client.zadd(keys.FEEDBACK, {f"old-{n}": n for n in range(keys.MAX_FEEDBACK)})
    client.hset(keys.feedback_of("old-0"), "job", "{}")
    stand.say("one", "c-1")

    stand.feedback.put("one", 3, None)

    assert client.zcard(keys.FEEDBACK) == keys.MAX_FEEDBACK
    assert client.exists(keys.feedback_of("old-0")) == 0
    assert client.exists(keys.feedback_of("c-1")) == 1


def test_a_conversation_keeps_a_bounded_number_and_counts_the_rest(
    stand: ConversationStand,
) -> None:
    others = {
        f"job-{n}": msgspec.json.encode(Feedback(5, None, 1.0, "2026-01-01")) for n in range(200)
    }
    stand.broker.client.hset(keys.feedback_of("c-1"), mapping=others)  # type: ignore[arg-type]
    stand.say("one", "c-1")

    assert stand.feedback.put("one", 4, "One more.")

    assert "one" not in kept(stand, "c-1")
    assert stand.counted()[f"{SCORE}4"] == 1

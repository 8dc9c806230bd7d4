"""Erasing a user on the real server: no key and no value has anything left of them."""

import json
from collections.abc import Callable, Iterator

import pytest
import redis

from gateway.idempotency import IdempotencyKey
from gateway.queue.publisher import EnqueueRequest, RedisPublisher
from infra.dead_letters import DeadLetterBox
from shared import keys
from shared.dead_letters import DeadLetter
from shared.jobs import ChatJob
from shared.wire import encode_infer
from tests.contract.broker import NOW, Broker
from tests.contract.conversation_stand import LIMITS, ConversationStand
from workers.consumer.redis_lease_queue import encode_dead_letter


def test_all_of_a_user_is_erased_and_nothing_of_another(broker: Broker) -> None:
    stand = ConversationStand(broker)
    stand.say("first", "talk-1", user="anna", handover=True)
    stand.say("second", "talk-2", user="anna")
    stand.say("bens", "talk-3", user="ben")
    stand.feedback.put("first", 1, "anna says no")
    stand.feedback.put("bens", 5, "ben says yes")
    assert any("anna" in text for text in everything(broker.client))

    stand.erasure.erase_user("anna")

    gone = ("anna", "text of first", "text of second", "talk-1")
    left = list(everything(broker.client))
    assert [text for text in left for word in gone if word in text] == []
    assert broker.turns("talk-3") == ["text of bens", "r"]
    assert any("ben says yes" in text for text in left)
    assert broker.client.zrange(keys.user_conversations("ben"), 0, -1) == [b"talk-3"]
    assert broker.client.zrange(keys.FEEDBACK, 0, -1) == [b"talk-3"]


def test_what_is_on_its_way_is_cancelled(broker: Broker) -> None:
    stand = ConversationStand(broker)
    stand.say("first", "talk-1", user="anna")
    waiting = ChatJob("waiting", "text of waiting", "talk-1", NOW, user_id="anna")
    RedisPublisher(broker.client, LIMITS).submit(EnqueueRequest.of(waiting))

    stand.erasure.erase_user("anna")

    end = broker.result("waiting")
    assert end
    assert end.state == "cancelled"
    assert broker.client.exists(keys.lane("talk-1"), keys.turns("talk-1")) == 0


def test_who_shared_a_conversation_keeps_what_they_wrote_elsewhere(broker: Broker) -> None:
    stand = ConversationStand(broker)
    stand.say("first", "shared", user="anna")
    stand.say("second", "shared", user="ben")
    stand.say("third", "bens-own", user="ben")

    stand.erasure.erase_user("anna")

    assert broker.turns("shared") == []
    memory = "".join(everything(broker.client, keys.memory("user ben")))
    assert "text of third" in memory
    assert "text of second" not in memory


def test_an_unknown_user_is_no_fault(broker: Broker) -> None:
    ConversationStand(broker).erasure.erase_user("nobody")

    assert broker.client.keys() == []


def test_dead_letters_and_idempotency_keys_of_a_user_go_too(broker: Broker) -> None:
    stand = ConversationStand(broker)
    stand.say("first", "talk-1", user="Änna")
    publisher = RedisPublisher(broker.client, LIMITS)
    for user, conversation in (("Änna", "talk-1"), ("ben", "talk-3")):
        asked = ChatJob(f"{user}-asks", "text", conversation, NOW, user_id=user)
        key = IdempotencyKey(f"key of {conversation}", "digest")
        publisher.submit(EnqueueRequest.of(asked, key))
        bury(broker, f"{user}-failed", encode_infer(asked))
    bury(broker, None, json.dumps({"user_id": "Änna"}).encode())
    bury(broker, "first", b"the tone task of a message")
    bury(broker, None, b"no JSON \xff")

    stand.erasure.erase_user("Änna")

    assert broker.client.exists("parley:idempotency:key of talk-1") == 0
    assert broker.client.exists("parley:idempotency:key of talk-3") == 1
    assert [letter.name for letter in DeadLetterBox(broker.client).read()][1:] == ["ben-failed"]
    assert broker.client.llen(keys.DEAD_LETTERS) == 2


def test_many_conversations_are_erased_in_several_calls(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.queue.erasure.CONVERSATIONS_A_CALL", 2)
    stand = ConversationStand(broker)
    for n in range(5):
        stand.say(f"job-{n}", f"talk-{n}", user="anna")

    stand.erasure.erase_user("anna")

    assert [text for text in everything(broker.client) if "anna" in text or "talk" in text] == []


def bury(broker: Broker, job_id: str | None, raw: bytes) -> None:
    letter = DeadLetter(job_id, "chat.infer", keys.INFERENCE, "a fault", NOW, raw)
    broker.client.lpush(keys.DEAD_LETTERS, encode_dead_letter(letter))


def everything(client: redis.Redis, pattern: str = "*") -> Iterator[str]:
    """Yield the name of each key with all that it holds."""
    readers: dict[str, Callable[[str], object]] = {
        "string": client.get,
        "list": lambda key: client.lrange(key, 0, -1),
        "hash": client.hgetall,
        "set": client.smembers,
        "zset": lambda key: client.zrange(key, 0, -1),
    }
    for found in client.scan_iter(pattern):
        key = found.decode()
        kind: bytes = client.type(key)  # type: ignore[assignment]
        yield f"{key} {readers[kind.decode()](key)}"

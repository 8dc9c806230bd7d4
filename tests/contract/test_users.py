"""Erasing a user on the real server: no key and no value has anything left of them."""

from collections.abc import Callable, Iterator

import redis

from gateway.queue.publisher import EnqueueRequest, RedisPublisher
from shared import keys
from shared.jobs import ChatJob
from tests.contract.broker import NOW, Broker
from tests.contract.conversation_stand import LIMITS, ConversationStand


def test_all_of_a_user_is_erased_and_nothing_of_another(broker: Broker) -> None:
    stand = ConversationStand(broker)
    stand.say("first", "talk-1", user="anna", handover=True)
    stand.say("second", "talk-2", user="anna")
    stand.say("bens", "talk-3", user="ben")
    stand.feedback.put("first", 1, "anna says no")
    stand.feedback.put("bens", 5, "ben says yes")
    assert any("anna" in text for text in everything(broker.client))

    stand.users.erase("anna")

    gone = ("anna", "text of first", "text of second", "talk-1")
    left = [text for text in everything(broker.client) if not is_reply(text)]
    assert [text for text in left for word in gone if word in text] == []
    assert broker.turns("talk-3") == ["text of bens", "r"]
    assert any("ben says yes" in text for text in left)
    assert broker.client.smembers(keys.user_conversations("ben")) == {b"talk-3"}
    assert broker.client.zrange(keys.FEEDBACK, 0, -1) == [b"talk-3"]


def test_what_is_on_its_way_is_cancelled(broker: Broker) -> None:
    stand = ConversationStand(broker)
    stand.say("first", "talk-1", user="anna")
    waiting = ChatJob("waiting", "text of waiting", "talk-1", NOW, user_id="anna")
    RedisPublisher(broker.client, LIMITS).submit(EnqueueRequest.of(waiting))

    stand.users.erase("anna")

    end = broker.result("waiting")
    assert end
    assert end.state == "cancelled"
    assert broker.client.exists(keys.lane("talk-1"), keys.turns("talk-1")) == 0


def test_who_shared_a_conversation_keeps_what_they_wrote_elsewhere(broker: Broker) -> None:
    stand = ConversationStand(broker)
    stand.say("first", "shared", user="anna")
    stand.say("second", "shared", user="ben")
    stand.say("third", "bens-own", user="ben")

    stand.users.erase("anna")

    assert broker.turns("shared") == []
    memory = "".join(everything(broker.client, keys.memory("user ben")))
    assert "text of third" in memory
    assert "text of second" not in memory


def test_an_unknown_user_is_no_fault(broker: Broker) -> None:
    ConversationStand(broker).users.erase("nobody")

    assert broker.client.keys() == []


def is_reply(text: str) -> bool:
    """Stored ends stay until their time is over; what they hold is what Parley said."""
    return text.startswith("celery-task-meta-")


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

"""Erasing a user on the real server: no key and no value has anything left of them."""

import json
from collections.abc import Callable, Iterator

import pytest
import redis
from celery import Celery
from msgspec import Raw

from gateway.idempotency import IdempotencyKey
from gateway.queue.histories import RedisHistories
from gateway.queue.publisher import EnqueueRequest, RedisPublisher
from gateway.queue.unanswered import take_off
from infra.dead_letters import DeadLetterBox
from shared import keys
from shared.dead_letters import DeadLetter
from shared.follow_ups import EndedTask, decode_ended, encode_ended
from shared.jobs import ChatJob, FollowUps
from shared.wire import encode_infer, read_chat_job
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


def test_unanswered_messages_of_a_user_are_found_wherever_they_lie(broker: Broker) -> None:
    """No index has them: their conversation is known to belong to the user once it is answered."""
    stand = ConversationStand(broker)
    publisher = RedisPublisher(broker.client, LIMITS)
    for name in ("asked", "parked"):
        asked = ChatJob(name, "anna asks", "talk-1", NOW, user_id="anna", expires_at=NOW + 60)
        publisher.submit(EnqueueRequest.of(asked))
    urgent = ChatJob("urgent", "anna writes", "talk-2", NOW, user_id="anna")
    broker.push("shop_inference\x06\x163", encode_infer(urgent))
    of_acme = ChatJob("acme\x1fjob", "text", "acme\x1ftalk-1", NOW, user_id="acme\x1fanna")
    publisher.submit(EnqueueRequest.of(of_acme))
    for worker in ("w", "x"):  # leased, and moved to wake a worker
        each = ChatJob(f"of-{worker}", "anna waits", f"talk-{worker}", NOW, user_id="anna")
        broker.push(keys.handoff(worker), encode_infer(each))
    assert stand.worker.lease(1)
    for queue in keys.RETURN_QUEUES:  # handed over
        each = ChatJob(f"in-{queue}", "anna hopes", f"talk-{queue}", NOW, user_id="anna")
        broker.push(queue, encode_infer(each))
    handed = [f"in-{queue}" for queue in keys.RETURN_QUEUES]

    stand.erasure.erase_user("anna")

    for name in ("asked", "parked", "urgent", "of-w", "of-x", *handed):
        end = broker.result(name)
        assert end
        assert end.state == "cancelled", name
    assert lists(broker.client) == {keys.flow(q, "acme") for q in (keys.INFERENCE, keys.SENTIMENT)}
    assert broker.result("acme\x1fjob") is None
    for queue in (keys.INFERENCE, keys.SENTIMENT):  # who waits there hears of the others
        assert broker.waiting(queue) == [keys.WAKE.encode()]
    stand.erasure.erase_user("acme\x1fanna")
    assert lists(broker.client) == set()


def test_a_message_that_celery_sent_is_erased_before_any_worker_has_met_it(broker: Broker) -> None:
    stand = ConversationStand(broker)
    request = {"message": "hi", "conversation_id": "talk", "user_id": "anna", "tenant": "acme"}
    app = Celery("shop", broker=broker.url, set_as_current=False)
    app.send_task("chat.infer", [request], task_id="plain", queue=keys.INFERENCE)
    app.send_task(
        "chat.infer",
        [request],
        task_id="first",
        queue=keys.INFERENCE,
        link=app.signature("shop.ship"),
    )
    app.close()

    stand.erasure.erase_conversation("acme\x1ftalk")

    wake, left = broker.waiting(keys.INFERENCE)
    assert wake == keys.WAKE.encode()
    assert read_chat_job(left, NOW).id == "first"  # a worker has to tell what follows it
    for name in ("plain", "first"):
        end = broker.result(name)
        assert end
        assert (end.state, end.tenant) == ("cancelled", "acme")


def test_histories_of_openai_clients_forget_a_conversation(broker: Broker) -> None:
    stand = ConversationStand(broker)
    stand.say("first", "acme\x1ftalk-1", user="acme\x1fanna")
    histories = RedisHistories(broker.client, 60)
    histories.put("acme\x1fdigest", "talk-1")
    histories.put("acme\x1fdigest", "talk-2")
    histories.put("digest", "talk-1")

    stand.erasure.erase_user("acme\x1fanna")

    assert histories.take("acme\x1fdigest") == "talk-2"
    assert histories.take("acme\x1fdigest") is None
    assert histories.take("digest") == "talk-1"


def test_what_follows_a_task_forgets_its_reply(broker: Broker) -> None:
    """Its client is told all the same: it waits for the end of a chain or a chord."""
    stand = ConversationStand(broker)
    stand.say("first", "talk-1", user="anna")
    stand.say("second", "talk-2", user="anna")
    follow_ups = FollowUps(errbacks=[{"task": "shop.mourn"}])
    written = {
        name: encode_ended(EndedTask(name, "done", 1.0, Raw(b'"text of anna"'), follow_ups))
        for name in ("first", "second", "living", "bens")
    }
    broker.client.rpush(keys.FOLLOW_UPS, written["first"], written["bens"], b"no JSON")
    due_again = {written["second"]: NOW - 1, written["living"]: NOW + 1}
    broker.client.zadd(keys.FOLLOW_UPS_SENDING, due_again)

    stand.erasure.erase_user("anna")

    *_, replaced = broker.waiting(keys.FOLLOW_UPS)[::-1]
    assert decode_ended(replaced).state == "cancelled"
    assert decode_ended(replaced).follow_ups.errbacks == follow_ups.errbacks
    kept = "".join(everything(broker.client, "parley:follow-ups*"))
    assert kept.count("text of anna") == 2
    assert written["bens"].decode() in kept
    assert written["living"].decode() in kept


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


def lists(client: redis.Redis) -> set[str]:
    """Return the lists that hold anything but what wakes a worker."""
    found = {key.decode() for key in client.scan_iter(_type="list")}
    return {key for key in found if client.lrange(key, 0, -1) != [keys.WAKE.encode()]}


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


def test_who_was_woken_with_an_erased_message_is_still_awake(redis_client: "redis.Redis") -> None:
    handoff = keys.handoff("w")
    redis_client.rpush(handoff, "erased")
    take_off(redis_client, handoff.encode(), b"erased")
    assert redis_client.lrange(handoff, 0, -1) == [keys.WAKE.encode()]
    redis_client.delete(handoff)  # the worker has leased meanwhile
    take_off(redis_client, handoff.encode(), b"erased")
    assert not redis_client.exists(handoff)

"""Memories on the real server: written with a completion, capped, kept apart, erased."""

from dataclasses import replace

import pytest

from gateway.queue.conversations import RedisConversations
from gateway.queue.publisher import EnqueueLimits
from shared import keys
from shared.jobs import ChatJob
from tests.contract.broker import POLICY, Broker, claim, done, job, push
from workers.consumer.lease_queue import QueuePolicy
from workers.memory.memory import MemoryRecord, encode_record
from workers.memory.redis_memory import RedisMemory

pytestmark = pytest.mark.parametrize("broker", ["", "{p07}"], indirect=True)


SMALL = replace(POLICY, memory_records=2, memory_ttl_seconds=100)


def say(broker: Broker, each: ChatJob, policy: QueuePolicy = SMALL, at: float = 1.0) -> None:
    queue = broker.inference("w", policy)
    push(broker, each)
    (lease,) = queue.lease(1)
    claim(queue, lease, each)
    record = MemoryRecord(each.conversation_id, each.id, each.message, at, "test", b"\x7f")
    completion = done(lease, each)
    assert completion.result
    result = replace(completion.result, memory=encode_record(record))
    assert queue.complete([replace(completion, result=result)]) == ["applied"]


def remembered(broker: Broker, user: str | None, conversation: str = "") -> list[str]:
    memory = RedisMemory(broker.client)
    return [each.text for each in memory.records(keys.memory_owner(user, conversation))]


def said_by(user: str | None, name: str, conversation: str) -> ChatJob:
    return replace(job(name, conversation), user_id=user)


def erase(broker: Broker, conversation: str) -> None:
    RedisConversations(broker.client, broker.clock, EnqueueLimits(4, 60, 90)).erase(conversation)


def test_a_users_memory_spans_conversations_and_nobody_elses(broker: Broker) -> None:
    say(broker, said_by("anna", "one", "c1"))
    say(broker, said_by("anna", "two", "c2"))
    say(broker, said_by("ben", "three", "c3"))
    say(broker, said_by(None, "four", "c4"))
    assert remembered(broker, "anna") == ["text of one", "text of two"]
    assert remembered(broker, "ben") == ["text of three"]
    assert remembered(broker, None, "c4") == ["text of four"]
    assert remembered(broker, None, "c1") == []


def test_a_memory_is_capped_and_expires(broker: Broker) -> None:
    for name in ("one", "two", "three"):
        say(broker, said_by("anna", name, "c1"))
    assert remembered(broker, "anna") == ["text of two", "text of three"]
    assert 0 < broker.client.ttl(keys.memory("user anna")) <= 100
    for key in (keys.user_conversations("anna"), keys.conversation_users("c1")):
        assert 100 < broker.client.ttl(key) <= POLICY.conversation_ttl_seconds


def test_what_has_outlived_its_time_goes_though_the_memory_lives_on(broker: Broker) -> None:
    policy = replace(SMALL, memory_records=10)
    for name, at in (("one", 1.0), ("two", 50.0), ("three", 101.5)):
        say(broker, said_by("anna", name, "c1"), policy, at)

    assert remembered(broker, "anna") == ["text of two", "text of three"]


def test_a_conversation_whose_time_is_over_is_no_longer_known(broker: Broker) -> None:
    broker.client.zadd(keys.user_conversations("anna"), {"long ago": 1.0})

    say(broker, said_by("anna", "one", "c1"))

    assert broker.client.zrange(keys.user_conversations("anna"), 0, -1) == [b"c1"]


def test_a_users_conversations_are_known_without_a_memory(broker: Broker) -> None:
    say(broker, said_by("anna", "one", "c1"), replace(POLICY, memory_records=0))
    assert remembered(broker, "anna") == []
    assert broker.client.zrange(keys.user_conversations("anna"), 0, -1) == [b"c1"]


def test_erasing_a_conversation_takes_what_was_said_there_out_of_the_memory(
    broker: Broker,
) -> None:
    say(broker, said_by("anna", "one", "c1"))
    say(broker, said_by("anna", "two", "c2"))
    say(broker, said_by(None, "three", "c3"))
    erase(broker, "c1")
    erase(broker, "c3")
    assert remembered(broker, "anna") == ["text of two"]
    assert remembered(broker, None, "c3") == []
    assert broker.client.zrange(keys.user_conversations("anna"), 0, -1) == [b"c2"]
    erase(broker, "c2")
    assert not [key for key in broker.client.scan_iter() if b"anna" in key or b"memory" in key]

"""What earlier versions left in Redis is served: their forms of keys are read, and written anew."""

import redis

from gateway.idempotency import IdempotencyKey
from gateway.queue.job_canceller import RedisJobCanceller
from gateway.queue.publisher import EnqueueRequest, ExistingJob, RedisPublisher
from shared import keys
from shared.jobs import ChatJob
from shared.task_message import decode
from shared.wire import encode_infer
from tests.contract.broker import NOW, Broker, claim, done, job, push
from tests.contract.conversation_stand import LIMITS, ConversationStand


def park_as_before(broker: Broker, each: ChatJob, expires_at: float) -> None:
    """Park a job as versions did whose ids held no blank."""
    broker.client.zadd(keys.PARKED, {f"{each.conversation_id} {each.id}": expires_at})
    broker.client.rpush(
        keys.lane_waiting(each.conversation_id), b"%s\n%s" % (each.id.encode(), encode_infer(each))
    )


def note_part_as_before(broker: Broker, user: str, conversation: str) -> None:
    """Note who took part as versions did that kept plain sets."""
    pairs = (
        (keys.conversation_users(conversation), user),
        (keys.user_conversations(user), conversation),
    )
    for key, member in pairs:
        broker.client.sadd(key, member)
        broker.client.expire(key, 1_000)


def members(client: "redis.Redis", key: str) -> list[bytes]:
    found: list[bytes] = client.zrange(key, 0, -1)  # type: ignore[assignment]
    return found


def test_a_parked_job_gets_its_lane(broker: Broker) -> None:
    queue = broker.inference("w")
    one, two = job("one", "talk"), job("two", "talk")
    push(broker, one)
    (lease,) = queue.lease(1)
    assert claim(queue, lease, one) == "run"
    park_as_before(broker, two, NOW + 30)

    queue.complete([done(lease, one)])

    (lease,) = queue.lease(9)
    assert decode(lease.raw).id == "two"
    assert broker.client.zcard(keys.PARKED) == 0


def test_a_parked_job_whose_lane_and_time_are_over_comes_back(broker: Broker) -> None:
    queue = broker.inference("w")
    park_as_before(broker, job("one", "talk"), NOW - 10)  # without a deadline: it keeps its place
    park_as_before(broker, job("two", "talk"), NOW - 10)

    queue.reclaim_dead()

    (lease,) = queue.lease(9)
    assert decode(lease.raw).id == "one"
    assert members(broker.client, keys.PARKED) == [b"talk\ntwo"]


def test_a_parked_job_is_cancelled(broker: Broker) -> None:
    each = job("one", "talk")
    park_as_before(broker, each, NOW + 30)
    broker.client.hset(keys.job("one"), mapping={"state": "queued", "conversation": "talk"})

    assert RedisJobCanceller(broker.client, broker.clock, LIMITS).cancel("one")

    assert broker.client.exists(keys.PARKED, keys.lane_waiting("talk")) == 0


def test_a_request_is_known_by_its_idempotency_key(broker: Broker) -> None:
    broker.client.set(keys.idempotency("key"), "digest first talk")
    broker.client.hset(keys.job("first"), mapping={"state": "queued", "conversation": "talk"})
    publisher = RedisPublisher(broker.client, LIMITS)
    repeated = EnqueueRequest.of(job("second", "talk"), IdempotencyKey("key", "digest"))

    assert publisher.submit(repeated) == ExistingJob("first", "talk")

    note_part_as_before(broker, "anna", "talk")
    ConversationStand(broker).erasure.erase_user("anna")
    assert broker.client.exists(keys.idempotency("key")) == 0


def test_who_took_part_is_known(broker: Broker) -> None:
    stand = ConversationStand(broker)
    for name in ("talk", "other"):
        note_part_as_before(broker, "anna", name)
    stand.say("before", "other")

    stand.say("now", "talk", user="anna")

    assert members(broker.client, keys.conversation_users("talk")) == [b"anna"]
    assert set(members(broker.client, keys.user_conversations("anna"))) == {b"talk", b"other"}
    stand.erasure.erase_user("anna")
    assert broker.turns("talk") == broker.turns("other") == []

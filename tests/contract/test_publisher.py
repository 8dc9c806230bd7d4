"""Every publisher queues alike: admission, one lane for each conversation, both tasks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol, cast

import pytest
import redis

from gateway.idempotency import Claim
from gateway.memory_publisher import MemoryPublisher
from gateway.publisher import Publisher, QueueLimits, RedisPublisher, rest_seconds
from shared import keys, outcomes, wire
from shared.connection import connect
from shared.errors import (
    AdmissionRefused,
    ConversationBusy,
    KeyReused,
    QueueUnavailable,
    RequestRepeated,
)
from shared.jobs import ChatJob
from tests.processes import free_port

LIMITS = QueueLimits(
    messages=4, job_ttl_seconds=60, lane_ttl_seconds=90, messages_per_conversation=2
)


class Queue(Protocol):
    """What a publisher has written. Lists are given head first."""

    def inference(self) -> list[bytes]: ...

    def sentiment(self) -> list[bytes]: ...

    def fill_sentiment(self, count: int) -> None: ...

    def waiting(self, conversation_id: str) -> list[bytes]: ...

    def lane(self, conversation_id: str) -> str | None: ...

    def state(self, job_id: str) -> str | None: ...


@dataclass
class MemoryQueue:
    publisher: MemoryPublisher

    def inference(self) -> list[bytes]:
        return list(reversed(self.publisher.inference))

    def sentiment(self) -> list[bytes]:
        return list(reversed(self.publisher.sentiment))

    def fill_sentiment(self, count: int) -> None:
        self.publisher.sentiment.extendleft(str(place).encode() for place in range(count))

    def waiting(self, conversation_id: str) -> list[bytes]:
        return self.publisher.waiting.get(conversation_id, [])

    def lane(self, conversation_id: str) -> str | None:
        return self.publisher.lanes.get(conversation_id)

    def state(self, job_id: str) -> str | None:
        return self.publisher.states.get(job_id)


@dataclass
class RedisQueue:
    client: "redis.Redis"

    def inference(self) -> list[bytes]:
        return self._list(keys.INFERENCE)[::-1]

    def sentiment(self) -> list[bytes]:
        return self._list(keys.SENTIMENT)[::-1]

    def fill_sentiment(self, count: int) -> None:
        self.client.lpush(keys.SENTIMENT, *range(count))

    def waiting(self, conversation_id: str) -> list[bytes]:
        return self._list(keys.lane_waiting(conversation_id))

    def lane(self, conversation_id: str) -> str | None:
        return _text(self.client.get(keys.lane(conversation_id)))

    def state(self, job_id: str) -> str | None:
        return _text(self.client.hget(keys.job(job_id), "state"))

    def _list(self, key: str) -> list[bytes]:
        return cast("list[bytes]", self.client.lrange(key, 0, -1))


def _text(value: object) -> str | None:
    return value.decode() if isinstance(value, bytes) else None


@dataclass
class Bench:
    publisher: Publisher
    queue: Queue


@pytest.fixture(params=["memory", "redis"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param == "memory":
        memory = MemoryPublisher(LIMITS)
        yield Bench(memory, MemoryQueue(memory))
        return
    client: redis.Redis = request.getfixturevalue("redis_client")
    yield Bench(RedisPublisher(client, LIMITS), RedisQueue(client))


def job(job_id: str, conversation_id: str | None = None) -> ChatJob:
    return ChatJob(
        id=job_id,
        message="Where is “it”?\n\x00",
        conversation_id=conversation_id or job_id,
        accepted_at=1_700_000_000.5,
        expires_at=1_700_000_030.5,
        gateway="g-1",
    )


def test_a_job_is_queued_with_state_lane_and_both_tasks(bench: Bench) -> None:
    asked = job("a", "c")

    assert bench.publisher.publish(asked) == 1

    [infer], [tone] = bench.queue.inference(), bench.queue.sentiment()
    assert wire.decode_job(wire.decode(infer), received_at=0.0) == asked
    assert wire.decode_tone(wire.decode(tone)) == ("a", asked.message)
    assert bench.queue.lane("c") == "a"
    assert bench.queue.state("a") == "queued"


def test_without_a_sentiment_worker_the_oldest_wishes_for_tones_are_dropped(
    bench: Bench,
) -> None:
    bench.queue.fill_sentiment(keys.MOST_TONES)
    bench.publisher.publish(job("a"))
    waiting = bench.queue.sentiment()
    assert len(waiting) == keys.MOST_TONES
    assert (waiting[0], wire.peek_id(waiting[-1])) == (b"1", "tone-a")


def test_jobs_of_different_conversations_queue_in_order(bench: Bench) -> None:
    places = [bench.publisher.publish(job(name)) for name in "abc"]

    assert places == [1, 2, 3]
    assert [wire.peek_id(raw) for raw in bench.queue.inference()] == ["a", "b", "c"]
    assert [wire.peek_id(raw) for raw in bench.queue.sentiment()] == ["tone-a", "tone-b", "tone-c"]


def test_a_second_job_of_a_conversation_waits_for_the_first(bench: Bench) -> None:
    for name in "abc":
        bench.publisher.publish(job(name, "c"))

    assert [wire.peek_id(raw) for raw in bench.queue.inference()] == ["a"]
    assert len(bench.queue.sentiment()) == 3
    assert bench.queue.lane("c") == "a"
    assert bench.queue.waiting("c") == [
        name.encode() + b"\n" + wire.encode_infer(job(name, "c")) for name in "bc"
    ]
    assert bench.queue.state("c") == "queued"


def test_a_full_queue_refuses_and_writes_nothing(bench: Bench) -> None:
    for name in "abcd":
        bench.publisher.publish(job(name))

    with pytest.raises(AdmissionRefused, match="more messages are waiting") as refused:
        bench.publisher.publish(job("e"))

    assert refused.value.retry_after_seconds == LIMITS.longest_retry_seconds
    assert bench.queue.state("e") is None
    assert bench.queue.lane("e") is None
    assert len(bench.queue.inference()) == len(bench.queue.sentiment()) == 4


def test_a_conversation_with_too_many_waiting_refuses_and_writes_nothing(bench: Bench) -> None:
    for name in "abc":
        bench.publisher.publish(job(name, "c"))

    with pytest.raises(ConversationBusy, match="2 messages of this conversation"):
        bench.publisher.publish(job("d", "c"))

    assert bench.queue.state("d") is None
    assert len(bench.queue.waiting("c")) == 2
    assert len(bench.queue.sentiment()) == 3
    assert bench.publisher.publish(job("e", "other")) == 2


def test_a_known_job_is_not_queued_again(bench: Bench) -> None:
    bench.publisher.publish(job("a", "c"))
    bench.publisher.publish(job("b", "c"))

    assert bench.publisher.publish(job("a", "c")) == 1
    assert bench.publisher.publish(job("b", "c")) == 1

    assert len(bench.queue.inference()) == len(bench.queue.waiting("c")) == 1
    assert len(bench.queue.sentiment()) == 2


def test_a_key_names_the_job_that_was_accepted_first(bench: Bench) -> None:
    bench.publisher.publish(job("a", "c"), Claim("k", "digest"))

    with pytest.raises(RequestRepeated) as repeated:
        bench.publisher.publish(job("b"), Claim("k", "digest"))
    with pytest.raises(KeyReused):
        bench.publisher.publish(job("b"), Claim("k", "other digest"))

    assert (repeated.value.job_id, repeated.value.conversation_id) == ("a", "c")
    assert bench.queue.state("b") is None
    assert len(bench.queue.inference()) == len(bench.queue.sentiment()) == 1
    assert bench.publisher.publish(job("b"), Claim("other", "digest")) == 2


def test_the_same_call_may_be_repeated_under_its_own_key(bench: Bench) -> None:
    for _ in range(2):
        assert bench.publisher.publish(job("a"), Claim("k", "digest")) == 1


def test_a_refused_job_leaves_its_key_unused(bench: Bench) -> None:
    for name in "abcd":
        bench.publisher.publish(job(name))

    for digest in ("one", "two"):
        with pytest.raises(AdmissionRefused):
            bench.publisher.publish(job("e"), Claim("k", digest))


def test_one_key_twice_in_one_trip_queues_one_job(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    heard: list[int | Exception] = []
    for name in ("a", "b", "c"):
        publisher.post(job(name), heard.append, None if name == "a" else Claim("k", "digest"))
    publisher.publish(job("d"))

    assert heard[:2] == [1, 2]
    assert isinstance(heard[2], RequestRepeated)
    assert heard[2].job_id == "b"


def test_post_tells_what_publish_would(bench: Bench) -> None:
    heard: list[int | Exception] = []
    for name in "abcde":
        bench.publisher.post(job(name), heard.append)
    with pytest.raises(AdmissionRefused):
        bench.publisher.publish(job("f"))  # and by its end all before it are settled

    assert heard[:4] == [1, 2, 3, 4]
    assert isinstance(heard[4], AdmissionRefused)


def test_a_finished_job_is_not_queued_again(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    redis_client.set(keys.result("a"), outcomes.celery_result("a", "done", b"{}", 1.0))

    publisher.publish(job("a"))

    assert RedisQueue(redis_client).inference() == []


def test_every_key_of_a_job_runs_out(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    for name in "ab":
        publisher.publish(job(name, "c"), Claim(f"key-{name}", "digest"))

    bounded_by_admission = {
        name.encode()
        for name in (keys.INFERENCE, keys.SENTIMENT, keys.PARKED, keys.lane_waiting("c"))
    }
    ttls = {
        key: redis_client.ttl(key)
        for key in cast("list[bytes]", redis_client.keys())
        if key not in bounded_by_admission
    }

    assert ttls == {
        b"parley:job:a": LIMITS.job_ttl_seconds,
        b"parley:job:b": LIMITS.job_ttl_seconds,
        b"parley:idempotency:key-a": LIMITS.job_ttl_seconds,
        b"parley:idempotency:key-b": LIMITS.job_ttl_seconds,
        b"parley:lane:c": LIMITS.lane_ttl_seconds,
    }


def test_one_trip_carries_all_that_came_meanwhile(redis_client: "redis.Redis") -> None:
    trips: list[int] = []
    limits = replace(LIMITS, messages=1_000)
    publisher = RedisPublisher(redis_client, limits, trips.append)
    for number in range(200):
        publisher.post(job(f"job-{number}"), lambda _outcome: None)
    publisher.publish(job("last"))

    assert sum(trips) == 201
    assert len(trips) < 201
    assert len(RedisQueue(redis_client).inference()) == 201


def test_a_server_that_forgot_the_script_is_told_it_again(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    publisher.publish(job("a"))
    redis_client.script_flush()

    assert publisher.publish(job("b")) == 2


def test_a_server_without_memory_refuses_and_writes_nothing(redis_client: "redis.Redis") -> None:
    publisher = RedisPublisher(redis_client, LIMITS)
    publisher.publish(job("a"))
    redis_client.config_set("maxmemory", "1")
    try:
        with pytest.raises(QueueUnavailable, match="could not write"):
            publisher.publish(job("b"))
    finally:
        redis_client.config_set("maxmemory", "0")

    assert RedisQueue(redis_client).state("b") is None
    assert publisher.publish(job("b")) == 2


def test_a_job_that_cannot_be_written_spoils_no_other(redis_client: "redis.Redis") -> None:
    trips: list[int] = []
    publisher = RedisPublisher(redis_client, LIMITS, trips.append)
    redis_client.lpush(keys.lane("spoilt"), "not a lane")
    heard: list[int | Exception] = []
    for name in ("a", "spoilt", "b"):
        publisher.post(job(name), heard.append)

    assert publisher.publish(job("c")) == 3
    assert heard[0] == 1
    assert isinstance(heard[1], QueueUnavailable)
    assert heard[2] == 2


def test_no_server_means_queue_unavailable() -> None:
    client = connect(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=0.5)
    publisher = RedisPublisher(client, LIMITS)

    with pytest.raises(QueueUnavailable, match="Redis"):
        publisher.publish(job("a"))


def test_memory_can_be_switched_off() -> None:
    publisher = MemoryPublisher(LIMITS)
    publisher.available = False

    with pytest.raises(QueueUnavailable):
        publisher.publish(job("a"))


def test_arrivals_gather_a_little_where_messages_wait(redis_client: "redis.Redis") -> None:
    rests: list[float] = []
    limits = replace(LIMITS, messages=1_000)
    publisher = RedisPublisher(redis_client, limits, sleep=rests.append)
    for number in range(30):
        publisher.publish(job(f"job-{number}"))
    publisher.publish(job("last"))

    assert rests[0] == rest_seconds(1) < rests[10] == rest_seconds(11)
    assert rests[25] == rest_seconds(10_000) == 0.005

"""Every publisher queues alike: admission, one lane for each conversation, both tasks."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import redis

from gateway.idempotency import IdempotencyKey
from gateway.queue.memory_publisher import MemoryPublisher
from gateway.queue.publisher import Publisher, RedisPublisher
from shared import keys, wire
from shared.errors import (
    AdmissionRefused,
    ConversationBusy,
    KeyReused,
    QueueUnavailable,
    RequestRepeated,
)
from tests.contract.publisher_bench import LIMITS, MemoryQueue, Queue, RedisQueue, job


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


def test_a_job_is_queued_with_state_lane_and_both_tasks(bench: Bench) -> None:
    asked = job("a", "c")

    assert bench.publisher.publish(asked) == 1

    [infer], [tone] = bench.queue.inference(), bench.queue.sentiment()
    assert wire.decode_job(wire.decode(infer), received_at=0.0) == asked
    decoded = wire.read_tone_job(tone, 0.0)
    assert (decoded.job_id, decoded.message) == ("a", asked.message)
    assert bench.queue.lane("c") == "a"
    assert bench.queue.state("a") == "queued"


def test_without_a_sentiment_worker_the_oldest_wishes_for_tones_are_dropped(
    bench: Bench,
) -> None:
    bench.queue.fill_sentiment(keys.MAX_TONES)
    bench.publisher.publish(job("a"))
    waiting = bench.queue.sentiment()
    assert len(waiting) == keys.MAX_TONES
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
    bench.publisher.publish(job("a", "c"), IdempotencyKey("k", "digest"))

    with pytest.raises(RequestRepeated) as repeated:
        bench.publisher.publish(job("b"), IdempotencyKey("k", "digest"))
    with pytest.raises(KeyReused):
        bench.publisher.publish(job("b"), IdempotencyKey("k", "other digest"))

    assert (repeated.value.job_id, repeated.value.conversation_id) == ("a", "c")
    assert bench.queue.state("b") is None
    assert len(bench.queue.inference()) == len(bench.queue.sentiment()) == 1
    assert bench.publisher.publish(job("b"), IdempotencyKey("other", "digest")) == 2


def test_the_same_call_may_be_repeated_under_its_own_key(bench: Bench) -> None:
    for _ in range(2):
        assert bench.publisher.publish(job("a"), IdempotencyKey("k", "digest")) == 1


def test_a_refused_job_leaves_its_key_unused(bench: Bench) -> None:
    for name in "abcd":
        bench.publisher.publish(job(name))

    for digest in ("one", "two"):
        with pytest.raises(AdmissionRefused):
            bench.publisher.publish(job("e"), IdempotencyKey("k", digest))


def test_post_tells_what_publish_would(bench: Bench) -> None:
    heard: list[int | Exception] = []
    for name in "abcde":
        bench.publisher.post(job(name), heard.append)
    with pytest.raises(AdmissionRefused):
        bench.publisher.publish(job("f"))  # and by its end all before it are settled

    assert heard[:4] == [1, 2, 3, 4]
    assert isinstance(heard[4], AdmissionRefused)


def test_memory_can_be_switched_off() -> None:
    publisher = MemoryPublisher(LIMITS)
    publisher.available = False

    with pytest.raises(QueueUnavailable):
        publisher.publish(job("a"))

"""The publisher queues jobs: admission, one lane for each conversation, both tasks."""

import pytest
import redis

from gateway.idempotency import IdempotencyKey
from gateway.queue.publisher import (
    EnqueueOutcome,
    EnqueueRequest,
    ExistingJob,
    Publisher,
    Queued,
    RedisPublisher,
)
from shared import keys, wire
from shared.errors import AdmissionRefused, ConversationBusy, KeyReused
from shared.task_message import decode, peek_id
from tests.support.queue_view import LIMITS, QueueView, job, publish


@pytest.fixture
def publisher(redis_client: "redis.Redis") -> Publisher:
    return RedisPublisher(redis_client, LIMITS)


@pytest.fixture
def queue(redis_client: "redis.Redis") -> QueueView:
    return QueueView(redis_client)


def test_a_job_is_queued_with_state_lane_and_both_tasks(
    publisher: Publisher, queue: QueueView
) -> None:
    chat_job = job("a", "c")

    assert publish(publisher, chat_job) == Queued(1)

    [infer], [tone] = queue.inference(), queue.sentiment()
    assert wire.decode_job(decode(infer), received_at=0.0) == chat_job
    tone_job = wire.read_tone_job(tone, 0.0)
    assert (tone_job.job_id, tone_job.message) == ("a", chat_job.message)
    assert queue.lane("c") == "a"
    assert queue.state("a") == "queued"


def test_without_a_sentiment_worker_the_oldest_tone_tasks_are_dropped(
    publisher: Publisher, queue: QueueView, redis_client: "redis.Redis"
) -> None:
    redis_client.lpush(keys.SENTIMENT, *range(keys.MAX_TONES))
    publish(publisher, job("a"))
    waiting = queue.sentiment()
    assert len(waiting) == keys.MAX_TONES
    assert (waiting[0], peek_id(waiting[-1])) == (b"1", "tone-a")


def test_jobs_of_different_conversations_queue_in_order(
    publisher: Publisher, queue: QueueView
) -> None:
    outcomes = [publish(publisher, job(name)) for name in "abc"]

    assert outcomes == [Queued(1), Queued(2), Queued(3)]
    assert [peek_id(raw) for raw in queue.inference()] == ["a", "b", "c"]
    assert [peek_id(raw) for raw in queue.sentiment()] == ["tone-a", "tone-b", "tone-c"]


def test_a_second_job_of_a_conversation_waits_for_the_first(
    publisher: Publisher, queue: QueueView
) -> None:
    for name in "abc":
        publish(publisher, job(name, "c"))

    assert [peek_id(raw) for raw in queue.inference()] == ["a"]
    assert len(queue.sentiment()) == 3
    assert queue.lane("c") == "a"
    assert queue.waiting("c") == [
        name.encode() + b"\n" + wire.encode_infer(job(name, "c")) for name in "bc"
    ]
    assert queue.state("c") == "queued"


def test_a_full_queue_refuses_and_writes_nothing(publisher: Publisher, queue: QueueView) -> None:
    for name in "abcd":
        publish(publisher, job(name))

    with pytest.raises(AdmissionRefused, match="more messages are waiting") as refused:
        publish(publisher, job("e"))

    assert refused.value.retry_after_seconds == LIMITS.max_retry_seconds
    assert queue.state("e") is None
    assert queue.lane("e") is None
    assert len(queue.inference()) == len(queue.sentiment()) == 4


def test_a_conversation_with_too_many_waiting_refuses_and_writes_nothing(
    publisher: Publisher, queue: QueueView
) -> None:
    for name in "abc":
        publish(publisher, job(name, "c"))

    with pytest.raises(ConversationBusy, match="2 messages of this conversation"):
        publish(publisher, job("d", "c"))

    assert queue.state("d") is None
    assert len(queue.waiting("c")) == 2
    assert len(queue.sentiment()) == 3
    assert publish(publisher, job("e", "other")) == Queued(2)


def test_a_known_job_is_not_queued_again(publisher: Publisher, queue: QueueView) -> None:
    publish(publisher, job("a", "c"))
    publish(publisher, job("b", "c"))

    assert publish(publisher, job("a", "c")) == Queued(1)
    assert publish(publisher, job("b", "c")) == Queued(1)

    assert len(queue.inference()) == len(queue.waiting("c")) == 1
    assert len(queue.sentiment()) == 2


def test_a_key_names_the_job_that_was_accepted_first(
    publisher: Publisher, queue: QueueView
) -> None:
    publish(publisher, job("a", "c"), IdempotencyKey("k", "digest"))

    repeated = publish(publisher, job("b"), IdempotencyKey("k", "digest"))
    with pytest.raises(KeyReused):
        publish(publisher, job("b"), IdempotencyKey("k", "other digest"))

    assert repeated == ExistingJob("a", "c")
    assert queue.state("b") is None
    assert len(queue.inference()) == len(queue.sentiment()) == 1
    assert publish(publisher, job("b"), IdempotencyKey("other", "digest")) == Queued(2)


def test_the_same_call_may_be_repeated_under_its_own_key(
    publisher: Publisher, queue: QueueView
) -> None:
    for _ in range(2):
        assert publish(publisher, job("a"), IdempotencyKey("k", "digest")) == Queued(1)


def test_a_refused_job_leaves_its_key_unused(publisher: Publisher, queue: QueueView) -> None:
    for name in "abcd":
        publish(publisher, job(name))

    for digest in ("one", "two"):
        with pytest.raises(AdmissionRefused):
            publish(publisher, job("e"), IdempotencyKey("k", digest))


def test_post_passes_on_what_submit_would_return_or_raise(
    publisher: Publisher, queue: QueueView
) -> None:
    outcomes: list[EnqueueOutcome | Exception] = []
    for name in "abcde":
        publisher.post(EnqueueRequest.of(job(name)), outcomes.append)
    with pytest.raises(AdmissionRefused):
        publish(publisher, job("f"))  # and by its end all before it are resolved

    assert outcomes[:4] == [Queued(position) for position in (1, 2, 3, 4)]
    assert isinstance(outcomes[4], AdmissionRefused)

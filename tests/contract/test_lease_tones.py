"""How tones get to the jobs that wait for them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.queue.conversations import RedisConversations
from gateway.queue.publisher import EnqueueLimits, RedisPublisher
from shared import keys, tenants
from shared.jobs import UNKNOWN_TONE, EarlyVector, Tone, ToneJob
from shared.results import Failure
from shared.wire import encode_tone, read_chat_job, read_tone_job
from tests.contract.broker import (
    NOW,
    Broker,
    claim,
    job,
    push,
    status,
    toned,
)
from tests.support.queue_view import publish
from tests.support.stock_message import stock_message
from workers.consumer.lease_queue import Completion, DueTone, Lease, LeasedJob, QueuePolicy
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.consumer.redis_sentiment_queue import RedisSentimentQueue


def test_an_external_job_gets_its_tone_task_once(broker: Broker) -> None:
    queue = broker.inference("w")
    push(broker, job("a"))
    (lease,) = queue.lease(1)
    external = replace(job("a"), external=True)
    assert [claim(queue, lease, external) for _ in range(2)] == ["run", "run"]
    (tone_task,) = broker.waiting(keys.SENTIMENT)
    assert read_tone_job(tone_task, 0.0) == ToneJob(
        "a", "tone-a", "text of a", accepted_at=external.accepted_at
    )


def test_a_gateways_job_gets_no_second_tone_task(broker: Broker) -> None:
    queue = broker.inference("w")
    push(broker, job("a"))
    (lease,) = queue.lease(1)
    assert claim(queue, lease, job("a")) == "run"
    assert broker.waiting(keys.SENTIMENT) == []


AHEAD = QueuePolicy().ahead_of_tones


@pytest.fixture
def pool(broker: Broker) -> RedisInferenceQueue:
    """Return the queue of an inference worker; it is the only one, and gives early vectors."""
    queue = broker.inference("w")
    queue.heartbeat(replace(status("w"), gives_early=True))
    return queue


def fill(broker: Broker, queue: RedisInferenceQueue) -> None:
    """Let a worker hold enough messages for the tones of later ones to be left due."""
    push(broker, *(job(f"before-{number}") for number in range(AHEAD)))
    assert len(queue.lease(AHEAD)) == AHEAD


def enqueue(broker: Broker, *names: str) -> None:
    publisher = RedisPublisher(broker.client, EnqueueLimits(100, 600, 600))
    for name in names:
        publish(publisher, replace(job(name), gateway="g"))


def tone_tasks(broker: Broker, flow: str = keys.SENTIMENT) -> list[str]:
    return [read_tone_job(raw, 0.0).job_id for raw in broker.waiting(flow)]


def lease_and_claim(queue: RedisInferenceQueue, count: int, **changes: Any) -> list[bool]:
    jobs = [
        LeasedJob(lease, replace(read_chat_job(lease.raw, NOW), **changes))
        for lease in queue.lease(count)
    ]
    return [each.tone_due for each in queue.claim(jobs)]


def test_a_tone_task_is_left_due_while_enough_messages_are_ahead(
    broker: Broker, pool: RedisInferenceQueue
) -> None:
    names = [f"a{number}" for number in range(AHEAD + 2)]
    enqueue(broker, *names)
    assert tone_tasks(broker) == names[:AHEAD]
    assert lease_and_claim(pool, AHEAD + 2) == [False] * AHEAD + [True] * 2
    early = EarlyVector("digest", b"\x00\x3c")
    pool.queue_tones([DueTone(job(names[-2]), early), DueTone(job(names[-1]), None)])
    pool.queue_tones([DueTone(job(names[-2]), early)])
    assert [read_tone_job(raw, 0.0).early for raw in broker.waiting(keys.SENTIMENT)] == [
        *([None] * AHEAD),
        early,
        None,
    ]


def test_what_workers_hold_is_ahead_too_of_each_its_share(
    broker: Broker, pool: RedisInferenceQueue
) -> None:
    enqueue(broker, *(f"a{number}" for number in range(AHEAD)))
    pool.lease(AHEAD)
    enqueue(broker, "b")
    assert "b" not in tone_tasks(broker)
    broker.inference("v").heartbeat(replace(status("v"), gives_early=True))
    enqueue(broker, "c")
    assert "c" in tone_tasks(broker)


def test_a_due_task_waits_for_a_sentiment_worker_only_from_when_it_is_queued(
    broker: Broker, pool: RedisInferenceQueue
) -> None:
    fill(broker, pool)
    enqueue(broker, "a", "b")
    assert lease_and_claim(pool, 2) == [True, True]
    broker.clock.advance(3)
    pool.queue_tones([DueTone(job("b"), None)])
    assert read_tone_job(broker.waiting(keys.SENTIMENT)[0], 0.0).accepted_at == broker.clock.now()


def test_no_task_is_left_due_for_a_worker_that_knows_nothing_of_it(
    broker: Broker, pool: RedisInferenceQueue
) -> None:
    fill(broker, pool)
    other = broker.inference("old")
    other.heartbeat(status("old"))
    enqueue(broker, "a", "b")
    assert tone_tasks(broker) == ["a", "b"]
    pool.heartbeat(replace(status("w"), gives_early=True))  # it sees the other
    enqueue(broker, "c")
    assert tone_tasks(broker) == ["a", "b", "c"]
    broker.kill("old")
    pool.heartbeat(replace(status("w"), gives_early=True))
    enqueue(broker, "d")
    assert tone_tasks(broker) == ["a", "b", "c"]


def test_without_a_worker_that_says_so_no_task_is_left_due(broker: Broker) -> None:
    fill(broker, broker.inference("w"))
    enqueue(broker, "a", "b")
    assert tone_tasks(broker) == ["a", "b"]


def test_heartbeats_of_older_versions_are_seen(broker: Broker, pool: RedisInferenceQueue) -> None:
    fill(broker, pool)
    broker.client.zadd(keys.workers(keys.INFERENCE), {"older": NOW})
    broker.client.set(keys.worker("older"), b"{}")
    pool.heartbeat(replace(status("w"), gives_early=True))
    enqueue(broker, "a", "b")
    assert tone_tasks(broker) == ["a", "b"]


def test_whoever_claims_a_job_next_sees_that_its_task_is_due(
    broker: Broker, pool: RedisInferenceQueue
) -> None:
    fill(broker, pool)
    enqueue(broker, "b")
    assert lease_and_claim(pool, 1) == [True]
    broker.kill("w")
    other = broker.inference("v")
    other.reclaim_dead()
    assert lease_and_claim(other, AHEAD + 1)[-1]
    other.queue_tones([DueTone(job("b"), None)])
    pool.queue_tones([DueTone(job("b"), None)])  # a frozen worker wakes up
    assert tone_tasks(broker) == ["b"]


def test_a_due_task_is_seen_by_the_worker_that_its_message_wakes(
    broker: Broker, pool: RedisInferenceQueue
) -> None:
    fill(broker, pool)
    enqueue(broker, "b")
    pool.wait(1)
    assert lease_and_claim(pool, 1) == [True]  # claimed with its lease


def test_of_a_job_that_has_ended_no_task_is_queued(
    broker: Broker, pool: RedisInferenceQueue
) -> None:
    fill(broker, pool)
    enqueue(broker, "b")
    assert lease_and_claim(pool, 1) == [True]
    RedisConversations(broker.client, broker.clock, EnqueueLimits(100, 600, 600)).erase("c-b")
    pool.queue_tones([DueTone(job("b"), None)])
    assert tone_tasks(broker) == []


@pytest.mark.parametrize("more_wait", [False, True])
def test_a_clients_task_is_left_due_if_more_messages_wait(
    broker: Broker, pool: RedisInferenceQueue, more_wait: bool
) -> None:
    push(broker, job("a"))
    if more_wait:
        push(broker, job("b"))
    assert lease_and_claim(pool, 1, external=True) == [more_wait]
    assert tone_tasks(broker) == ([] if more_wait else ["a"])


def test_a_clients_task_is_not_due_again_once_it_was_queued(
    broker: Broker, pool: RedisInferenceQueue
) -> None:
    push(broker, job("a"), job("b"))
    (lease,) = pool.lease(1)
    external = LeasedJob(lease, replace(job("a"), external=True))
    assert [each.tone_due for each in pool.claim([external])] == [True]
    for _ in range(2):
        pool.queue_tones([DueTone(external.job, None)])
    assert [each.tone_due for each in pool.claim([external])] == [False]
    pool.queue_tones([DueTone(external.job, None)])
    assert tone_tasks(broker) == ["a"]


def test_a_tenants_task_goes_to_its_flow(broker: Broker, pool: RedisInferenceQueue) -> None:
    push(broker, job("a"), job("b"))
    assert lease_and_claim(pool, 1, external=True) == [True]
    of_tenant = replace(job("a"), conversation_id=tenants.scope("acme", "talk"))
    pool.queue_tones([DueTone(of_tenant, None)])
    assert tone_tasks(broker, keys.flow(keys.SENTIMENT, "acme")) == ["a"]


def test_sentiment_workers_gather_no_tasks_that_were_left_due(
    broker: Broker, pool: RedisInferenceQueue
) -> None:
    broker.client.lpush(keys.INFERENCE, *range(15))
    assert broker.sentiment("s").answers_waiting() == 0


def test_tones_meet_the_jobs_that_wait_for_them(broker: Broker) -> None:
    inference, sentiment = broker.inference("w"), broker.sentiment("s")
    sentiment.heartbeat(status("s", keys.SENTIMENT))
    for name in ("early", "late"):
        broker.push(keys.SENTIMENT, encode_tone(job(name)))
    early, late = sentiment.lease(2)
    sad = Tone("negative", 0.9, {"anger": 0.5})
    heard: list[tuple[str, Tone]] = []
    stop = inference.subscribe_tones(lambda job_id, tone: heard.append((job_id, tone)))
    try:
        sentiment.complete([toned(early, "early", sad)])
        assert inference.tones(["early", "late"]) == {"early": sad}
        verdicts = complete_until_heard(sentiment, late, sad, heard)
        assert verdicts[0] == "applied"
    finally:
        stop()
    assert heard == [("late", sad)]
    assert inference.tones(["late"]) == {"late": sad}


def test_no_job_waits_for_a_tone_while_no_sentiment_worker_lives(broker: Broker) -> None:
    assert broker.inference("w").tones(["a"]) == {"a": UNKNOWN_TONE}


def complete_until_heard(
    sentiment: RedisSentimentQueue, lease: Lease, tone: Tone, heard: list[tuple[str, Tone]]
) -> list[str]:
    from tests.support.processes import wait_until

    verdicts: list[str] = list(sentiment.complete([toned(lease, "late", tone)]))
    wait_until(lambda: bool(heard), 5)
    return verdicts


def test_the_sentiment_worker_sees_how_many_answers_wait(broker: Broker) -> None:
    queue = broker.sentiment("s")
    assert queue.answers_waiting() == 0
    broker.client.lpush(keys.INFERENCE, *range(15))
    assert queue.answers_waiting() == 15


def test_a_client_who_waits_for_a_tone_gets_it_or_the_reason_why_not(broker: Broker) -> None:
    queue = broker.sentiment("s")
    for raw in (encode_tone(job("a")), stock_message(task="chat.tone", task_id="b"), b"junk"):
        broker.push(keys.SENTIMENT, raw)
    asked, foreign, junk = queue.lease(3)
    wanted = replace(read_tone_job(asked.raw, 0.0), wants_result=True)
    fault = Failure("failed", "It has no job_id.")
    ends = [
        Completion(lease=asked, job=wanted, task_id="t", done_at=1.0, result=UNKNOWN_TONE),
        Completion(lease=foreign, job=None, task_id="b", done_at=1.0, failure=fault),
        Completion(lease=junk, job=None, task_id=None, done_at=1.0, failure=fault),
    ]
    assert queue.complete(ends) == ["applied"] * 3
    tone, refused = broker.result("t"), broker.result("b")
    assert tone
    assert json.loads(tone.body or b"")["label"] == "unknown"
    assert refused
    assert refused.state == "failed"
    assert not read_tone_job(encode_tone(job("a")), 0.0).wants_result
    assert len(broker.client.keys(keys.result("*"))) == 2

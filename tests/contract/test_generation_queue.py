"""Replies that other workers put into words: handed over once and in time, and given back."""

from dataclasses import replace

import pytest

from gateway.queue.job_canceller import RedisJobCanceller
from shared import keys
from shared.jobs import ChatJob, Translation
from shared.task_body import MAX_BODY_BYTES
from shared.tenants import scope
from shared.wire import read_chat_job
from tests.contract.broker import NOW, Broker, claim, done, job, push, start, status
from tests.contract.generation_stand import (
    BRIEF,
    GENERATION,
    LIMITS,
    briefed,
    hand_over,
    names,
    offer,
    take,
)
from workers.consumer.draft_header import read_draft
from workers.consumer.lease_queue import QueuePolicy
from workers.token_budgets import TokenBudgets


def test_a_reply_is_worded_elsewhere_and_its_job_keeps_its_lane(broker: Broker) -> None:
    worker, generation = broker.inference("w"), broker.generation("g")
    one, two = job("one", "talk", gateway="g"), job("two", "talk")
    (lease,) = start(broker, worker, one)
    push(broker, two)
    (second,) = worker.lease(1)
    assert claim(worker, second, two) == "parked"
    assert offer(worker, lease, one) == "handed"
    assert broker.client.get(keys.lane("talk")) == b"one"
    assert worker.complete([done(lease, one)]) == ["lost"]
    taken, seen = take(generation)
    assert replace(one, draft=seen.draft) == ChatJob(
        **{name: getattr(seen, name) for name in ChatJob.__dataclass_fields__}
    )
    left = read_draft(seen.draft)
    assert (left.brief, left.result.reply.response, left.handed_at) == (BRIEF, "r", NOW)
    assert left.result.dialogue == b"d-one"
    assert generation.complete([done(taken, seen)]) == ["applied"]
    assert broker.turns("talk") == ["text of one", "r"]
    assert names(broker.waiting(keys.INFERENCE)) == ["two"]


def test_what_has_no_brief_asks_nobody(broker: Broker) -> None:
    worker, one = broker.inference("w"), job("one")
    broker.generation("g")
    (lease,) = start(broker, worker, one)
    assert worker.offer_words([done(lease, one), done(lease, one, "failed")]) == [None, None]
    assert worker.complete([done(lease, one)]) == ["applied"]


def test_a_repeated_call_hands_nothing_over_again(broker: Broker) -> None:
    worker, one = broker.inference("w"), job("one")
    broker.generation("g")
    (lease,) = start(broker, worker, one)
    assert [offer(worker, lease, one) for _ in range(2)] == ["handed", "lost"]
    assert names(broker.waiting(GENERATION)) == ["one"]


@pytest.mark.parametrize("is_dead", [True, False])
def test_without_a_worker_whose_model_answers_the_entry_goes_out(
    broker: Broker, is_dead: bool
) -> None:
    worker, one = broker.inference("w"), job("one")
    broker.generation("g", 0.01 if is_dead else None)
    if is_dead:
        broker.kill("g")
    (lease,) = start(broker, worker, one)
    assert offer(worker, lease, one) == "unserved"
    assert worker.complete([done(lease, one)]) == ["applied"]


@pytest.mark.parametrize(
    ("pace_seconds", "aged_seconds", "expires_in", "verdict"),
    [
        (0.1, 0.0, None, "handed"),
        (0.1, 4.87, None, "handed"),
        (0.1, 4.89, None, "late"),
        (6.0, 0.0, None, "late"),
        (0.1, 0.0, 0.7, "handed"),
        (0.1, 0.0, 0.6, "late"),
    ],
)
def test_what_would_be_late_goes_out_in_the_entry_s_words(
    broker: Broker,
    pace_seconds: float,
    aged_seconds: float,
    expires_in: float | None,
    verdict: str,
) -> None:
    expires_at = None if expires_in is None else NOW + expires_in
    worker = broker.inference("w")
    one = replace(job("one"), accepted_at=NOW - aged_seconds, expires_at=expires_at)
    broker.generation("g", pace_seconds)
    (lease,) = start(broker, worker, one)
    assert offer(worker, lease, one) == verdict


def test_a_message_without_room_for_its_draft_stays(broker: Broker) -> None:
    worker, one = broker.inference("w"), job("one")
    broker.generation("g")
    (lease,) = start(broker, worker, one)
    long = replace(BRIEF, words="x" * MAX_BODY_BYTES)
    assert worker.offer_words([briefed(lease, one, long)]) == ["late"]


def test_a_tenant_that_has_used_up_its_tokens_gets_the_entries_words(broker: Broker) -> None:
    policy = QueuePolicy(voice_budgets=TokenBudgets({"bbb": 200}, 100))
    worker = broker.inference("w", policy)
    generation = broker.generation("g", policy=policy)
    jobs = [job(f"{name}{number}", f"c-{name}{number}") for name in "ab" for number in range(2)]
    jobs = [
        replace(
            each,
            id=scope(each.id[0] * 3, each.id),
            conversation_id=scope(each.id[0] * 3, each.conversation_id),
        )
        for each in jobs
    ]
    leases = start(broker, worker, *jobs)
    assert offer(worker, leases[0], jobs[0]) == "handed"
    generation.use_tokens(leases[0], "aaa", 60)
    generation.use_tokens(leases[0], "aaa", 40)
    generation.use_tokens(leases[0], "bbb", 199)
    verdicts = [offer(worker, leases[n], jobs[n]) for n in (1, 2)]
    assert verdicts == ["spent", "handed"]
    ttl = broker.client.ttl(keys.tokens_used("2023-11-14"))
    assert 86_400 < ttl <= 2 * 86_400


def test_tenants_take_turns_at_the_model(broker: Broker) -> None:
    jobs = [
        replace(
            job(f"{name}{number}"),
            id=scope(name, f"j{number}"),
            conversation_id=scope(name, f"c{number}"),
        )
        for number in range(2)
        for name in ("acme", "bolt")
    ]
    many = [job(f"d{number}") for number in range(3)]
    broker.generation("g")
    hand_over(broker, *many, *jobs)
    generation = broker.generation("g")
    taken = [read_chat_job(generation.lease(1)[0].raw, NOW).tenant for _ in range(6)]
    assert sorted(taken[:3]) == ["acme", "bolt", "default"]
    assert sorted(taken[3:]) == ["acme", "bolt", "default"]


def test_what_waits_goes_back_if_no_generation_worker_lives(broker: Broker) -> None:
    jobs = [
        *(job(f"j{number}") for number in range(3)),
        replace(job("t"), id=scope("acme", "t"), conversation_id=scope("acme", "c")),
    ]
    broker.generation("g")
    hand_over(broker, *jobs)
    push(broker, job("later"))
    worker = broker.inference("w")
    assert worker.reclaim_dead().returned == 0
    broker.kill("g")
    assert worker.reclaim_dead().returned == 4
    taken = worker.lease(9)
    found = [read_chat_job(lease.raw, NOW) for lease in taken]
    assert [each.id for each in found if each.tenant == "default"] == ["j0", "j1", "j2", "later"]
    assert [each.tenant for each in found].count("acme") == 1
    assert [each.draft is not None for each in found].count(True) == 4
    assert broker.client.exists(GENERATION, keys.flows(GENERATION)) == 0


def test_what_waits_for_a_worker_that_is_paused_or_stops_goes_back(broker: Broker) -> None:
    generation = broker.generation("g")
    hand_over(broker, job("one"))
    generation.heartbeat(replace(status("g", GENERATION), paused=True))
    worker = broker.inference("w")
    assert worker.reclaim_dead().returned == 1
    assert names(broker.waiting(keys.INFERENCE)) == ["one"]


def test_a_job_whose_message_gets_lost_while_it_waits_can_expire(broker: Broker) -> None:
    broker.generation("g")
    one = replace(job("one"), expires_at=NOW + 60)
    hand_over(broker, one)
    assert broker.client.hget(keys.job("one"), "state") == b"queued"
    broker.client.hset(keys.job("one"), "expires_at", NOW + 60)
    broker.client.delete(GENERATION)  # as `celery purge` does
    canceller = RedisJobCanceller(broker.client, broker.clock, LIMITS)
    broker.clock.advance(61)
    canceller.expire_overdue(["one"])
    end = broker.result("one")
    assert end
    assert end.state == "expired"
    assert broker.client.get(keys.lane(one.conversation_id)) is None


def test_what_was_handed_over_once_is_not_again(broker: Broker) -> None:
    """Else workers that cannot read each other's drafts would send a message round in circles."""
    worker, one = broker.inference("w"), job("one")
    broker.generation("g")
    (lease,) = start(broker, worker, one)
    assert worker.offer_words([briefed(lease, replace(one, draft="{}"))]) == [None]


def test_a_dead_worker_s_message_goes_to_an_inference_worker(broker: Broker) -> None:
    generation = broker.generation("g")
    hand_over(broker, job("one"))
    assert len(generation.lease(1)) == 1
    broker.kill("g")
    other = broker.generation("other")
    assert other.reclaim_dead().returned == 1
    assert names(broker.waiting(keys.INFERENCE)) == ["one"]
    assert broker.waiting(GENERATION) == []


def test_a_worker_that_stops_gives_what_it_holds_to_an_inference_worker(broker: Broker) -> None:
    generation = broker.generation("g")
    hand_over(broker, job("one"))
    assert len(generation.lease(1)) == 1
    assert generation.release_all() == 1
    assert names(broker.waiting(keys.INFERENCE)) == ["one"]


def test_a_translated_message_goes_back_to_be_decided(broker: Broker) -> None:
    generation, worker = broker.generation("g"), broker.inference("w")
    one = replace(job("one", scope("acme", "talk")), id=scope("acme", "one"))
    hand_over(broker, one)
    lease, seen = take(generation)
    translation = Translation("de", "Where is my parcel?")
    push(broker, job("later"))
    assert generation.return_translated(lease, seen, translation)
    assert not generation.return_translated(lease, seen, translation)  # a repeated call
    found = [read_chat_job(each.raw, NOW) for each in worker.lease(9)]
    (again,) = [each for each in found if each.tenant == "acme"]
    assert again == replace(one, translation=translation)
    assert (again.message, again.read_text) == (one.message, "Where is my parcel?")
    assert broker.client.get(keys.lane(one.conversation_id)) == one.id.encode()


def test_a_translation_without_room_stays(broker: Broker) -> None:
    generation, one = broker.generation("g"), job("one")
    hand_over(broker, one)
    lease, seen = take(generation)
    assert not generation.return_translated(lease, seen, Translation("de", "x" * MAX_BODY_BYTES))
    assert generation.complete([done(lease, seen)]) == ["applied"]

"""Jobs that are handed over to the large encoder's workers: once, in time, and never lost."""

from dataclasses import replace
from functools import partial

import pytest

from gateway.queue.conversations import RedisConversations
from gateway.queue.job_canceller import RedisJobCanceller
from gateway.queue.publisher import EnqueueLimits
from shared import keys
from shared.jobs import ChatJob
from shared.task_body import MAX_BODY_BYTES
from shared.tenants import scope
from shared.wire import encode_infer, read_chat_job, read_second_look
from tests.contract.broker import NOW, Broker, claim, done, job, push, start
from workers.consumer.lease_queue import HandOver, Lease, LeasedJob
from workers.consumer.redis_inference_queue import RedisInferenceQueue

LARGE = keys.INFERENCE_LARGE
LIMITS = EnqueueLimits(messages=100, job_ttl_seconds=600, lane_ttl_seconds=600)


def hand_over(worker: RedisInferenceQueue, lease: Lease, each: ChatJob) -> str:
    return worker.hand_over([HandOver(LeasedJob(lease, each), lambda: "first look")])[0]


def names(messages: list[bytes]) -> list[str]:
    return [read_chat_job(raw, NOW).id for raw in messages]


def test_a_job_that_is_handed_over_is_answered_there_and_keeps_its_lane(broker: Broker) -> None:
    small, large = broker.inference("w"), broker.large("l")
    one, two = job("one", "talk", gateway="g"), job("two", "talk")
    (lease,) = start(broker, small, one)
    push(broker, two)
    (second,) = small.lease(1)
    assert claim(small, second, two) == "parked"
    assert hand_over(small, lease, one) == "handed"
    assert broker.client.hget(keys.job("one"), "state") == b"queued"
    assert broker.client.get(keys.lane("talk")) == b"one"
    assert small.complete([done(lease, one)]) == ["lost"]
    (taken,) = large.lease(9)
    seen = read_second_look(taken.raw, NOW + 9)
    assert seen == replace(one, first_look="first look")
    assert claim(large, taken, seen) == "run"
    assert large.complete([done(taken, seen)]) == ["applied"]
    assert broker.turns("talk") == ["text of one", "r"]
    assert names(broker.waiting(keys.INFERENCE)) == ["two"]
    assert broker.client.get(keys.lane("talk")) == b"two"


def test_a_repeated_call_hands_nothing_over_again(broker: Broker) -> None:
    small, one = broker.inference("w"), job("one")
    broker.large("l")
    (lease,) = start(broker, small, one)
    assert [hand_over(small, lease, one) for _ in range(2)] == ["handed", "lost"]
    assert names(broker.waiting(LARGE)) == ["one"]


def test_without_a_worker_that_lives_the_job_stays(broker: Broker) -> None:
    small, one = broker.inference("w"), job("one")
    broker.large("l")
    broker.kill("l")
    (lease,) = start(broker, small, one)
    assert hand_over(small, lease, one) == "unserved"
    assert small.complete([done(lease, one)]) == ["applied"]


@pytest.mark.parametrize(
    ("pace_seconds", "aged_seconds", "verdict"),
    [
        (0.1, 0.0, "handed"),
        (0.1, 0.37, "handed"),
        (0.1, 0.39, "late"),
        (0.5, 0.0, "late"),
        (1e-5, 0.47, "handed"),
        (1e-5, 0.51, "late"),
    ],
)
def test_what_would_not_be_back_in_time_stays(
    broker: Broker, pace_seconds: float, aged_seconds: float, verdict: str
) -> None:
    small, one = broker.inference("w"), job("one")
    broker.large("l", pace_seconds)
    (lease,) = start(broker, small, replace(one, accepted_at=NOW - aged_seconds))
    assert hand_over(small, lease, replace(one, accepted_at=NOW - aged_seconds)) == verdict


@pytest.mark.parametrize(
    ("turnarounds", "verdict"), [((0.4,), "handed"), ((0.6,), "late"), ((0.6, 0.2), "handed")]
)
def test_what_came_back_late_before_is_expected_to_again(
    broker: Broker, turnarounds: tuple[float, ...], verdict: str
) -> None:
    small, one = broker.inference("w"), job("one")
    for number, seconds in enumerate(turnarounds):
        broker.large(f"l{number}", turnaround_seconds=seconds)
    (lease,) = start(broker, small, one)
    assert hand_over(small, lease, one) == verdict


def test_as_many_are_handed_over_as_all_workers_can_answer_in_time(broker: Broker) -> None:
    small = broker.inference("w")
    broker.large("l", 0.1)
    jobs = [job(f"j{number}") for number in range(12)]
    leases = start(broker, small, *jobs)
    offers = [
        HandOver(LeasedJob(lease, each), lambda: "look")
        for lease, each in zip(leases, jobs, strict=True)
    ]
    assert small.hand_over(offers) == ["handed"] * 4 + ["late"] * 8
    broker.large("another", 0.1)
    assert small.hand_over(offers[4:]) == ["handed"] * 5 + ["late"] * 3
    assert len(broker.large("l", 0.1).lease(9)) == 9
    assert small.hand_over(offers[9:]) == ["late"] * 3, "what workers hold counts too"


def test_a_job_that_ended_meanwhile_is_not_handed_over(broker: Broker) -> None:
    small, one = broker.inference("w"), job("one")
    broker.large("l")
    (lease,) = start(broker, small, one)
    assert RedisJobCanceller(broker.client, broker.clock, LIMITS).cancel("one")
    assert hand_over(small, lease, one) == "ended"
    assert small.complete([done(lease, one)]) == ["duplicate"]


def test_a_job_that_is_cancelled_while_it_waits_is_not_answered(broker: Broker) -> None:
    small, large, one = broker.inference("w"), broker.large("l"), job("one", "talk")
    (lease,) = start(broker, small, one)
    assert hand_over(small, lease, one) == "handed"

    assert RedisJobCanceller(broker.client, broker.clock, LIMITS).cancel("one")

    (taken,) = large.lease(1)
    assert claim(large, taken, one) == "cancelled"
    assert large.complete([done(taken, one, "cancelled")]) == ["duplicate"]
    assert broker.turns("talk") == []
    assert broker.client.keys("parley:la*") == []


def test_a_job_that_is_erased_while_it_waits_leaves_the_queue(broker: Broker) -> None:
    small, large, one = broker.inference("w"), broker.large("l"), job("one", "talk")
    (lease,) = start(broker, small, one)
    assert hand_over(small, lease, one) == "handed"

    RedisConversations(broker.client, broker.clock, LIMITS).erase("talk")

    assert large.lease(1) == []
    end = broker.result("one")
    assert end
    assert end.state == "cancelled"
    assert broker.turns("talk") == []
    assert broker.client.keys("parley:la*") == []


def test_what_a_dead_large_worker_held_the_small_encoder_answers(broker: Broker) -> None:
    small, large = broker.inference("w"), broker.large("l")
    jobs = [job(name) for name in ("one", "two", "three")]
    for lease, each in zip(start(broker, small, *jobs), jobs, strict=True):
        assert hand_over(small, lease, each) == "handed"
    assert len(large.lease(2)) == 2
    push(broker, job("newer"))
    broker.kill("l")
    assert small.reclaim_dead().returned == 3
    assert names(broker.waiting(keys.INFERENCE)) == ["three", "one", "two", "newer"]
    assert broker.waiting(LARGE) == []
    marks = [read_chat_job(raw, NOW).first_look for raw in broker.waiting(keys.INFERENCE)]
    assert marks == ["first look"] * 3 + [None]


def test_what_waits_for_a_second_look_stays_while_a_worker_lives(broker: Broker) -> None:
    small, one = broker.inference("w"), job("one")
    broker.large("l")
    (lease,) = start(broker, small, one)
    assert hand_over(small, lease, one) == "handed"
    assert small.reclaim_dead().returned == 0
    assert names(broker.waiting(LARGE)) == ["one"]


def test_a_large_worker_that_stops_returns_what_it_holds(broker: Broker) -> None:
    small, large, one = broker.inference("w"), broker.large("l"), job("one")
    (lease,) = start(broker, small, one)
    assert hand_over(small, lease, one) == "handed"
    (taken,) = large.lease(1)
    assert large.release_all() == 1
    assert large.complete([done(taken, one)]) == ["lost"]
    assert names(broker.waiting(keys.INFERENCE)) == ["one"]


def test_the_deaths_of_all_workers_that_held_a_message_count_together(broker: Broker) -> None:
    small, one = broker.inference("w"), job("one")
    (lease,) = start(broker, small, one)
    broker.large("l")
    assert hand_over(small, lease, one) == "handed"
    assert len(broker.large("dead", None).lease(1)) == 1
    assert small.reclaim_dead().returned == 1
    assert len(broker.inference("dead too").lease(1)) == 1
    assert broker.large("l").reclaim_dead().over_limit == (), "a large worker ends no such message"
    (over_limit,) = small.reclaim_dead().over_limit
    assert read_chat_job(over_limit.raw, NOW).id == "one"


def test_of_a_message_that_is_late_already_nothing_is_written_down(broker: Broker) -> None:
    small, fresh, old = broker.inference("w"), job("fresh"), job("old")
    broker.large("l")
    leases = start(broker, small, fresh, old)
    old = replace(old, accepted_at=NOW - 0.5)
    written: list[str] = []

    def write(name: str) -> str:
        written.append(name)
        return "look"

    offers = [
        HandOver(LeasedJob(lease, each), partial(write, each.id))
        for lease, each in zip(leases, (fresh, old), strict=True)
    ]
    assert small.hand_over(offers) == ["handed", "late"]
    assert written == ["fresh"]


def test_a_message_without_room_for_a_first_look_stays(broker: Broker) -> None:
    small, one = broker.inference("w"), job("one")
    broker.large("l")
    (lease,) = start(broker, small, one)
    offer = HandOver(LeasedJob(lease, one), lambda: "x" * MAX_BODY_BYTES)
    assert small.hand_over([offer]) == ["late"]
    assert encode_infer(one) == lease.raw


def test_what_a_large_worker_cannot_read_is_the_small_encoder_s_again(broker: Broker) -> None:
    small, large = broker.inference("w"), broker.large("l")
    jobs = [job(name, f"c-{name}") for name in ("one", "two", "three")]
    leases = start(broker, small, *jobs)
    for lease, each in zip(leases, jobs, strict=True):
        assert hand_over(small, lease, each) == "handed"
    push(broker, job("later", "c-later"))
    taken = large.lease(9)
    looked = [LeasedJob(lease, read_second_look(lease.raw, NOW)) for lease in taken]
    assert large.give_back(looked[:2]) == 2
    assert large.give_back(looked[:2]) == 0  # a repeated call
    again = small.lease(9)
    assert names([lease.raw for lease in again]) == ["one", "two", "later"]
    for lease, each in zip(again, jobs[:2], strict=False):
        seen = read_chat_job(lease.raw, NOW)
        assert seen.first_look == "first look"  # so nobody hands it over again
        assert claim(small, lease, seen) == "run"
        assert small.complete([done(lease, each)]) == ["applied"]
    assert broker.turns("c-one") == ["text of one", "r"]
    assert large.complete([done(taken[2], jobs[2])]) == ["applied"]


def test_a_tenant_s_message_goes_back_to_its_own_flow(broker: Broker) -> None:
    large, of_acme = broker.large("l"), scope("acme", "one")
    each = job(of_acme, scope("acme", "talk"))
    broker.client.lpush(LARGE, encode_infer(each))
    (lease,) = large.lease(1)
    assert large.give_back([LeasedJob(lease, each)]) == 1
    assert broker.client.llen(keys.flow(keys.INFERENCE, "acme")) == 1

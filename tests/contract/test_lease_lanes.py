"""Lanes: of a conversation's jobs one is in flight, the others are parked, in order."""

from dataclasses import replace

from shared import keys
from shared.wire import decode, encode_infer
from tests.contract.queue_bench import (
    NOW,
    Bench,
    begin,
    done,
    job,
    push,
)
from workers.consumer.lease_queue import (
    Arrival,
)


def test_a_conversation_has_one_job_in_flight(bench: Bench) -> None:
    queue = bench.inference("w")
    one, two, three = (job(name, "talk") for name in ("one", "two", "three"))
    push(bench, one, two, three)
    leases = queue.lease(3)
    verdicts = [
        begin(queue, lease, each) for lease, each in zip(leases, (one, two, three), strict=True)
    ]
    assert verdicts == ["run", "parked", "parked"]
    assert bench.waiting(keys.INFERENCE) == []
    queue.complete([done(leases[0], one)])
    (lease,) = queue.lease(9)
    assert begin(queue, lease, two) == "run"
    queue.complete([done(lease, two, "failed")])
    (lease,) = queue.lease(9)
    assert decode(lease.raw).id == "three"


def test_a_parked_job_whose_time_is_over_comes_back(bench: Bench) -> None:
    queue = bench.inference("w")
    one, two = job("one", "talk"), replace(job("two", "talk"), expires_at=NOW + 30)
    push(bench, one, two)
    leases = queue.lease(2)
    assert [begin(queue, *pair) for pair in zip(leases, (one, two), strict=True)] == [
        "run",
        "parked",
    ]
    queue.reclaim_dead()
    assert bench.waiting(keys.INFERENCE) == []
    bench.clock.advance(31)
    queue.reclaim_dead()
    assert bench.waiting(keys.INFERENCE) == [encode_infer(two)]


def test_a_job_is_parked_once_however_often_it_was_sent(bench: Bench) -> None:
    queue = bench.inference("w")
    one, two = job("one", "talk"), job("two", "talk")
    push(bench, one, two, two)
    first, *others = queue.lease(3)
    assert begin(queue, first, one) == "run"
    assert [begin(queue, lease, two) for lease in others] == ["parked", "parked"]
    queue.complete([done(first, one)])
    assert len(bench.waiting(keys.INFERENCE)) == 1


def test_the_next_start_knows_the_wording_used(bench: Bench) -> None:
    queue = bench.inference("w")
    one, two = job("one", "talk"), job("two", "talk")
    push(bench, one, two)
    (lease,) = queue.lease(1)
    begin(queue, lease, one)
    queue.complete([done(lease, one)])
    (lease,) = queue.lease(1)
    assert queue.start([Arrival(lease.token, two, external=True)])[0].phrases == {"p-one"}


def test_no_conversations_name_can_block_anothers_lane(bench: Bench) -> None:
    queue = bench.inference("w")
    one, two, odd = job("one", "talk"), job("two", "talk"), job("odd", "talk:waiting")
    push(bench, one, two, odd)
    leases = queue.lease(3)
    verdicts = [
        begin(queue, lease, each) for lease, each in zip(leases, (one, two, odd), strict=True)
    ]
    assert verdicts == ["run", "parked", "run"]

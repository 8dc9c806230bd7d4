"""Lanes: of a conversation's jobs one is in flight, the others are parked, in order."""

from dataclasses import replace

from shared import keys
from shared.task_message import decode
from shared.wire import encode_infer
from tests.contract.broker import NOW, Broker, claim, done, job, push
from tests.contract.handover_stand import HandoverStand
from workers.consumer.lease_queue import LeasedJob


def test_a_conversation_has_one_job_in_flight(broker: Broker) -> None:
    queue = broker.inference("w")
    one, two, three = (job(name, "talk") for name in ("one", "two", "three"))
    push(broker, one, two, three)
    leases = queue.lease(3)
    verdicts = [
        claim(queue, lease, each) for lease, each in zip(leases, (one, two, three), strict=True)
    ]
    assert verdicts == ["run", "parked", "parked"]
    assert broker.waiting(keys.INFERENCE) == []
    queue.complete([done(leases[0], one)])
    (lease,) = queue.lease(9)
    assert claim(queue, lease, two) == "run"
    queue.complete([done(lease, two, "failed")])
    (lease,) = queue.lease(9)
    assert decode(lease.raw).id == "three"


def test_a_parked_job_whose_time_is_over_comes_back(broker: Broker) -> None:
    queue = broker.inference("w")
    one, two = job("one", "talk"), replace(job("two", "talk"), expires_at=NOW + 30)
    push(broker, one, two)
    leases = queue.lease(2)
    assert [claim(queue, *pair) for pair in zip(leases, (one, two), strict=True)] == [
        "run",
        "parked",
    ]
    queue.reclaim_dead()
    assert broker.waiting(keys.INFERENCE) == []
    broker.clock.advance(31)
    queue.reclaim_dead()
    assert broker.waiting(keys.INFERENCE) == [encode_infer(two)]


def test_a_job_is_parked_once_however_often_it_was_sent(broker: Broker) -> None:
    queue = broker.inference("w")
    one, two = job("one", "talk"), job("two", "talk")
    push(broker, one, two, two)
    first, *others = queue.lease(3)
    assert claim(queue, first, one) == "run"
    assert [claim(queue, lease, two) for lease in others] == ["parked", "parked"]
    queue.complete([done(first, one)])
    assert len(broker.waiting(keys.INFERENCE)) == 1


def test_the_next_start_knows_what_the_last_left(broker: Broker) -> None:
    queue = broker.inference("w")
    one, two = job("one", "talk"), job("two", "talk")
    push(broker, one, two)
    (lease,) = queue.lease(1)
    claim(queue, lease, one)
    queue.complete([done(lease, one)])
    (lease,) = queue.lease(1)
    assert queue.claim([LeasedJob(lease, two)])[0].dialogue == b"d-one"


def test_a_claim_says_whether_a_person_is_called_or_there(broker: Broker) -> None:
    queue, stand = broker.inference("w"), HandoverStand(broker.client, broker.clock)
    each = job("one", "talk")
    push(broker, each)
    (lease,) = queue.lease(1)

    def person() -> tuple[bool, bool]:
        (claimed,) = queue.claim([LeasedJob(lease, each)])
        return claimed.person_called, claimed.with_person

    assert person() == (False, False)
    stand.open("h-1", "talk")
    assert person() == (True, False)
    stand.enter_state("claimed", "talk")
    assert person() == (False, True)
    stand.enter_state("closed", "talk")
    assert person() == (False, False)


def test_no_conversations_name_can_block_anothers_lane(broker: Broker) -> None:
    queue = broker.inference("w")
    one, two, odd = job("one", "talk"), job("two", "talk"), job("odd", "talk:waiting")
    push(broker, one, two, odd)
    leases = queue.lease(3)
    verdicts = [
        claim(queue, lease, each) for lease, each in zip(leases, (one, two, odd), strict=True)
    ]
    assert verdicts == ["run", "parked", "run"]

"""A handover that is claimed or closed while a message of its conversation is being answered."""

from dataclasses import replace

import pytest

from gateway.queue.handovers import RedisHandovers
from shared import keys
from tests.contract.broker import POLICY, Broker, claim, done, job, push
from tests.contract.handover_stand import TTL, HandoverStand
from workers.consumer.lease_queue import Lease
from workers.consumer.redis_inference_queue import RedisInferenceQueue

ASKED = job("a", "c-1")


class Race:
    """A worker that holds one message, and a person who acts meanwhile."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        HandoverStand(broker.client, broker.clock).open()
        self.handovers = RedisHandovers(broker.client, broker.clock, TTL)
        self.worker: RedisInferenceQueue = broker.inference("w", POLICY)

    def take(self) -> Lease:
        (lease,) = self.worker.lease(1)
        assert claim(self.worker, lease, ASKED) == "run"
        return lease

    def complete(self, lease: Lease, *, silent: bool) -> list[str]:
        end = done(lease, ASKED)
        assert end.result
        if silent:
            reply = replace(end.result.reply, response="")
            end = replace(end, result=replace(end.result, reply=reply))
        return list(self.worker.complete([end]))


@pytest.fixture
def race(broker: Broker) -> Race:
    push(broker, ASKED)
    return Race(broker)


def test_what_the_bot_would_have_said_is_not_said_once_a_person_has_claimed(race: Race) -> None:
    lease = race.take()
    race.handovers.claim("h-1", "anna")

    assert race.complete(lease, silent=False) == ["lost"]

    assert race.broker.result("a") is None
    assert race.broker.turns("c-1") == []
    assert race.complete(race.take(), silent=True) == ["applied"]
    assert race.broker.turns("c-1") == ["text of a"]


def test_a_message_is_answered_after_all_if_the_person_has_closed_meanwhile(race: Race) -> None:
    race.handovers.claim("h-1", "anna")
    lease = race.take()
    race.handovers.close("h-1", None)

    assert race.complete(lease, silent=True) == ["lost"]

    assert race.broker.client.llen(keys.INFERENCE) == 1
    assert race.complete(race.take(), silent=False) == ["applied"]
    assert race.broker.turns("c-1") == ["text of a", "r"]


def test_a_lease_that_another_worker_has_taken_is_not_put_back_too(race: Race) -> None:
    lease = race.take()
    race.handovers.claim("h-1", "anna")
    race.broker.client.delete(keys.lease("w"))

    assert race.complete(lease, silent=False) == ["lost"]

    assert race.broker.client.llen(keys.INFERENCE) == 0

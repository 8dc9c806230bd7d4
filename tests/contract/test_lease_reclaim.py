"""Reclaim: what dead, frozen and stopping workers held comes back, or is dead-lettered."""

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
import redis

from shared import keys
from shared.errors import QueueUnavailable
from shared.task_message import decode
from shared.wire import encode_tone
from tests.contract.broker import NOW, POLICY, Broker, done, job, kill_with_lease, push, status
from workers.consumer.lease_queue import DeadLetter, Reclaimed
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.consumer.redis_lease_queue import JUST_BEGUN_SECONDS

PATIENT = replace(POLICY, deliveries=5)

pytestmark = pytest.mark.parametrize("broker", ["", "{p07}"], indirect=True)


def hire(broker: Broker, *names: str) -> list[RedisInferenceQueue]:
    """Return workers that began a while ago."""
    hired = [broker.inference(name, PATIENT) for name in names]
    for queue in hired:
        assert queue.lease(1) == []
    broker.clock.advance(JUST_BEGUN_SECONDS)
    return hired


def die_twice(broker: Broker, alive: RedisInferenceQueue) -> None:
    """Let two workers die, one after the other, with all that waits."""
    for _ in range(2):
        dead = broker.inference("dead", PATIENT)
        dead.heartbeat(status("dead"))
        held = dead.lease(9)
        broker.kill("dead")
        assert alive.reclaim_dead().returned == len(held)


def lease_ids(queue: RedisInferenceQueue) -> list[str | None]:
    """Lease what comes and return its ids."""
    return [decode(lease.raw).id for lease in queue.lease(9)]


def test_a_dead_workers_messages_return_to_the_head_in_order(broker: Broker) -> None:
    dead, alive = broker.inference("dead"), broker.inference("alive")
    dead.heartbeat(status("dead"))
    alive.heartbeat(status("alive"))
    push(broker, job("a"), job("b"), job("c"))
    lost = dead.lease(2)
    assert alive.reclaim_dead().returned == 0
    broker.kill("dead")
    assert alive.reclaim_dead().returned == 2
    assert [decode(lease.raw).id for lease in alive.lease(9)] == ["a", "b", "c"]
    assert dead.complete([done(lost[0], job("a"))]) == ["lost"]
    assert broker.result("a") is None


def test_what_two_workers_died_with_is_taken_alone(broker: Broker) -> None:
    alive, busy = hire(broker, "alive", "busy")
    push(broker, job("a"), job("b"))
    die_twice(broker, alive)
    push(broker, job("later"))
    assert (lease_ids(alive), alive.is_alone, alive.lease(9)) == (["a"], True, [])
    (other,) = busy.lease(9)
    assert decode(other.raw).id == "b"
    assert busy.complete([done(other, job("b"))]) == ["applied"]
    assert lease_ids(busy) == ["later"]


def test_a_busy_worker_leaves_a_quarantined_message_until_it_holds_nothing(broker: Broker) -> None:
    (alive,) = hire(broker, "alive")
    push(broker, job("held"))
    (held,) = alive.lease(1)
    push(broker, job("a"))
    die_twice(broker, alive)
    push(broker, job("later"))
    assert alive.lease(9) == []
    alive.wait(0.01)
    assert len(broker.waiting(keys.INFERENCE)) == 1
    assert alive.complete([done(held, job("held"))]) == ["applied"]
    (quarantined,) = alive.lease(9)
    assert decode(quarantined.raw).id == "a"
    assert alive.complete([done(quarantined, job("a"))]) == ["applied"]
    assert lease_ids(alive) == ["later"]


def test_after_what_workers_died_with_the_next_is_asked_for_at_once(broker: Broker) -> None:
    (alive,) = hire(broker, "alive")
    push(broker, job("a"), job("b"))
    die_twice(broker, alive)
    for name in ("a", "b"):
        (held,) = alive.lease(9)
        assert alive.complete([done(held, job(name))]) == ["applied"]
        began_at = time.monotonic()
        alive.wait(5.0)
        assert time.monotonic() - began_at < 2.5


def test_a_worker_that_has_just_begun_answers_the_others_before_what_workers_died_with(
    broker: Broker,
) -> None:
    alive = broker.inference("alive", PATIENT)
    push(broker, job("a"))
    die_twice(broker, alive)
    push(broker, job("b"))
    (held,) = alive.lease(9)
    broker.clock.advance(JUST_BEGUN_SECONDS / 2)
    assert alive.complete([done(held, job("b"))]) == ["applied"]
    assert lease_ids(alive) == []
    broker.clock.advance(JUST_BEGUN_SECONDS / 2)
    push(broker, job("c"))
    assert lease_ids(alive) == ["a"]


def test_a_worker_that_died_before_its_first_heartbeat_is_reclaimed_from_too(
    broker: Broker,
) -> None:
    push(broker, job("a"))
    assert len(broker.inference("newborn").lease(1)) == 1
    assert broker.inference("alive").reclaim_dead().returned == 1
    assert len(broker.waiting(keys.INFERENCE)) == 1


def test_what_a_late_call_takes_for_a_worker_that_has_left_comes_back(broker: Broker) -> None:
    left, alive = broker.inference("left"), broker.inference("alive")
    left.heartbeat(status("left"))
    left.release_all()
    push(broker, job("a"), job("b"))
    left.wait(0.1)
    assert [decode(raw).id for raw in broker.waiting(keys.INFERENCE)] == ["b"]
    assert alive.reclaim_dead().returned == 1
    assert [decode(raw).id for raw in broker.waiting(keys.INFERENCE)] == ["a", "b"]


def test_a_message_delivered_too_often_is_leased_to_the_worker_that_ends_it(broker: Broker) -> None:
    alive = broker.inference("alive")
    push(broker, job("a"))
    for _ in range(POLICY.deliveries - 1):
        kill_with_lease(broker)
        assert alive.reclaim_dead().returned == 1
    kill_with_lease(broker)
    (lease,) = alive.reclaim_dead().over_limit
    assert decode(lease.raw).id == "a"
    assert broker.waiting(keys.INFERENCE) == []
    letter = DeadLetter("a", keys.INFER_TASK, keys.INFERENCE, "too often", NOW, lease.raw)
    failed = replace(done(lease, job("a"), "failed"), dead_letter=letter)
    assert alive.complete([failed]) == ["applied"]
    assert broker.dead() == [letter]
    record = broker.result("a")
    assert record is not None
    assert record.state == "failed"


def test_a_message_delivered_too_often_is_ended_though_the_reply_that_named_it_was_lost(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = broker.inference("alive")
    push(broker, job("a"))
    for _ in range(POLICY.deliveries - 1):
        kill_with_lease(broker)
        alive.reclaim_dead()
    kill_with_lease(broker)
    script = alive._reclaim

    def lost(keys: Sequence[str], args: Sequence[object]) -> object:
        script(keys, args)
        raise redis.ConnectionError("cut after the script had run")

    monkeypatch.setattr(alive, "_reclaim", lost)
    with pytest.raises(QueueUnavailable):
        alive.reclaim_dead()
    monkeypatch.undo()
    (lease,) = alive.reclaim_dead().over_limit
    assert alive.reclaim_dead().over_limit == (lease,)
    alive.complete([done(lease, job("a"), "failed")])
    assert alive.reclaim_dead() == Reclaimed()
    assert not broker.client.exists(keys.exhausted("alive"))


def test_a_stopping_worker_releases_uncounted(broker: Broker) -> None:
    queue = broker.inference("w")
    push(broker, job("a"), job("b"))
    for _ in range(POLICY.deliveries + 1):
        queue.lease(2)
        assert queue.release_all() == 2
    assert [decode(lease.raw).id for lease in queue.lease(2)] == ["a", "b"]


def test_what_a_dead_worker_of_the_other_queue_held_returns_too(broker: Broker) -> None:
    dead, alive = broker.sentiment("dead"), broker.inference("alive")
    dead.heartbeat(status("dead", keys.SENTIMENT))
    broker.push(keys.SENTIMENT, encode_tone(job("a")))
    for _ in range(POLICY.deliveries - 1):
        dead.heartbeat(status("dead", keys.SENTIMENT))
        assert len(dead.lease(1)) == 1
        broker.kill("dead")
        assert alive.reclaim_dead() == Reclaimed(returned=1)
    assert len(dead.lease(1)) == 1


def test_what_was_delivered_too_often_is_left_to_a_worker_of_its_own_queue(broker: Broker) -> None:
    passer_by = broker.sentiment("passer-by")
    push(broker, job("a"))
    for _ in range(POLICY.deliveries - 1):
        kill_with_lease(broker)
        assert passer_by.reclaim_dead() == Reclaimed(returned=1)
    kill_with_lease(broker)
    for _ in range(3):
        assert passer_by.reclaim_dead() == Reclaimed()
    assert broker.waiting(keys.INFERENCE) == []
    (lease,) = broker.inference("alive").reclaim_dead().over_limit
    assert decode(lease.raw).id == "a"


def test_what_was_taken_from_a_worker_meanwhile_is_not_leased_to_it_again(broker: Broker) -> None:
    push(broker, job("a"))
    queue = broker.inference("frozen")
    queue.heartbeat(status("frozen"))
    queue.lease(1)
    queue._lease_calls -= 1  # as if the reply had been lost
    broker.kill("frozen")
    assert broker.inference("alive").reclaim_dead().returned == 1
    assert queue.lease(1) == []

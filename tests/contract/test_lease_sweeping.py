"""What dead, frozen and leaving workers held comes back, or is buried."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import redis

from shared import keys
from shared.errors import QueueUnavailable
from shared.wire import decode, encode_tone
from tests.contract.queue_bench import (
    LIMITS,
    NOW,
    Bench,
    RedisBench,
    done,
    job,
    kill_with_lease,
    push,
    status,
)
from workers.consumer.lease_queue import (
    DeadLetter,
    Reclaimed,
)
from workers.consumer.redis_queue import RedisInferenceQueue


def test_a_dead_workers_messages_return_to_the_head_in_order(bench: Bench) -> None:
    dead, alive = bench.inference("dead"), bench.inference("alive")
    dead.heartbeat(status("dead"))
    alive.heartbeat(status("alive"))
    push(bench, job("a"), job("b"), job("c"))
    lost = dead.lease(2)
    assert alive.reclaim_dead().returned == 0
    bench.kill("dead")
    assert alive.reclaim_dead().returned == 2
    assert [decode(lease.raw).id for lease in alive.lease(9)] == ["a", "b", "c"]
    assert dead.complete([done(lost[0], job("a"))]) == ["lost"]
    assert bench.result("a") is None


def test_what_two_workers_died_with_is_taken_alone(bench: Bench) -> None:
    patient = replace(LIMITS, deliveries=5)
    alive = bench.inference("alive", patient)
    push(bench, job("a"), job("b"))
    for _ in range(2):
        dead = bench.inference("dead", patient)
        dead.heartbeat(status("dead"))
        dead.lease(2)
        bench.kill("dead")
        assert alive.reclaim_dead().returned == 2
    push(bench, job("later"))
    busy = bench.inference("busy", patient)
    taken = [decode(lease.raw).id for lease in alive.lease(9)]
    assert (taken, alive.lease(9)) == (["a"], [])
    (other,) = busy.lease(9)
    assert decode(other.raw).id == "b"
    assert busy.complete([done(other, job("b"))]) == ["applied"]
    assert [decode(lease.raw).id for lease in busy.lease(9)] == ["later"]


def test_a_worker_with_full_hands_leaves_a_suspect_until_they_are_empty(bench: Bench) -> None:
    patient = replace(LIMITS, deliveries=5)
    alive = bench.inference("alive", patient)
    push(bench, job("held"))
    (held,) = alive.lease(1)
    push(bench, job("a"))
    for _ in range(2):
        dead = bench.inference("dead", patient)
        dead.heartbeat(status("dead"))
        dead.lease(1)
        bench.kill("dead")
        alive.reclaim_dead()
    push(bench, job("later"))
    assert alive.lease(9) == []
    alive.wait(0.01)
    assert len(bench.waiting(keys.INFERENCE)) == 1
    assert alive.complete([done(held, job("held"))]) == ["applied"]
    (suspect,) = alive.lease(9)
    assert decode(suspect.raw).id == "a"
    assert alive.complete([done(suspect, job("a"))]) == ["applied"]
    assert [decode(lease.raw).id for lease in alive.lease(9)] == ["later"]


def test_a_worker_that_died_before_its_first_heartbeat_is_swept_as_well(bench: Bench) -> None:
    push(bench, job("a"))
    assert len(bench.inference("newborn").lease(1)) == 1
    assert bench.inference("alive").reclaim_dead().returned == 1
    assert len(bench.waiting(keys.INFERENCE)) == 1


def test_what_a_late_call_takes_for_a_worker_that_has_left_comes_back(
    redis_url: str, redis_client: redis.Redis
) -> None:
    bench = RedisBench(redis_url, redis_client)
    left, alive = bench.inference("left"), bench.inference("alive")
    left.heartbeat(status("left"))
    left.release_all()
    push(bench, job("a"), job("b"))
    left.wait(0.1)
    assert [decode(raw).id for raw in bench.waiting(keys.INFERENCE)] == ["b"]
    assert alive.reclaim_dead().returned == 1
    assert [decode(raw).id for raw in bench.waiting(keys.INFERENCE)] == ["a", "b"]


def test_a_message_delivered_too_often_is_leased_to_the_one_who_buries_it(bench: Bench) -> None:
    alive = bench.inference("alive")
    push(bench, job("a"))
    for _ in range(LIMITS.deliveries - 1):
        kill_with_lease(bench)
        assert alive.reclaim_dead().returned == 1
    kill_with_lease(bench)
    (lease,) = alive.reclaim_dead().over_limit
    assert decode(lease.raw).id == "a"
    assert bench.waiting(keys.INFERENCE) == []
    letter = DeadLetter("a", keys.INFER_TASK, keys.INFERENCE, "too often", NOW, lease.raw)
    failed = replace(done(lease, job("a"), "failed"), turns=None, dead_letter=letter)
    assert alive.complete([failed]) == ["applied"]
    assert bench.dead() == [letter]
    record = bench.result("a")
    assert record is not None
    assert record.state == "failed"


def test_a_message_delivered_too_often_is_buried_though_the_reply_that_told_of_it_was_lost(
    redis_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = RedisBench(redis_url, redis_client)
    alive = RedisInferenceQueue(redis_url, "alive", bench.clock, LIMITS)
    push(bench, job("a"))
    for _ in range(LIMITS.deliveries - 1):
        kill_with_lease(bench)
        alive.reclaim_dead()
    kill_with_lease(bench)
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
    alive.complete([replace(done(lease, job("a"), "failed"), turns=None)])
    assert alive.reclaim_dead() == Reclaimed()
    assert not redis_client.exists(keys.exhausted("alive"))


def test_a_stopping_worker_hands_back_uncounted(bench: Bench) -> None:
    queue = bench.inference("w")
    push(bench, job("a"), job("b"))
    for _ in range(LIMITS.deliveries + 1):
        queue.lease(2)
        assert queue.release_all() == 2
    assert [decode(lease.raw).id for lease in queue.lease(2)] == ["a", "b"]


def test_what_a_dead_worker_of_the_other_queue_held_returns_too(bench: Bench) -> None:
    dead, alive = bench.sentiment("dead"), bench.inference("alive")
    dead.heartbeat(status("dead", keys.SENTIMENT))
    bench.push(keys.SENTIMENT, encode_tone(job("a")))
    for _ in range(LIMITS.deliveries - 1):
        dead.heartbeat(status("dead", keys.SENTIMENT))
        assert len(dead.lease(1)) == 1
        bench.kill("dead")
        assert alive.reclaim_dead() == Reclaimed(returned=1)
    assert len(dead.lease(1)) == 1


def test_what_was_delivered_too_often_is_left_to_a_worker_of_its_own_queue(bench: Bench) -> None:
    passer_by = bench.sentiment("passer-by")
    push(bench, job("a"))
    for _ in range(LIMITS.deliveries - 1):
        kill_with_lease(bench)
        assert passer_by.reclaim_dead() == Reclaimed(returned=1)
    kill_with_lease(bench)
    for _ in range(3):
        assert passer_by.reclaim_dead() == Reclaimed()
    assert bench.waiting(keys.INFERENCE) == []
    (lease,) = bench.inference("alive").reclaim_dead().over_limit
    assert decode(lease.raw).id == "a"


def test_what_was_taken_from_a_worker_meanwhile_is_not_leased_to_it_again(
    redis_url: str, redis_client: redis.Redis
) -> None:
    bench = RedisBench(redis_url, redis_client)
    push(bench, job("a"))
    queue = RedisInferenceQueue(redis_url, "frozen", bench.clock, LIMITS)
    queue.heartbeat(status("frozen"))
    queue.lease(1)
    queue._lease_calls -= 1  # as if the reply had been lost
    bench.kill("frozen")
    assert bench.inference("alive").reclaim_dead().returned == 1
    assert queue.lease(1) == []

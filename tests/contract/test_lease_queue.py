"""One suite for every adapter of the drain's queue: Redis and memory keep the same promises."""

from collections.abc import Sequence

import pytest
import redis

from shared import keys
from shared.errors import QueueUnavailable
from shared.results import JobRecord, decode_notifications
from shared.wire import decode
from tests.contract.queue_bench import (
    LIMITS,
    NOW,
    Bench,
    RedisBench,
    begin,
    done,
    job,
    push,
)
from workers.consumer.lease_queue import (
    Completion,
    DeadLetter,
)
from workers.consumer.redis_queue import RedisInferenceQueue


def test_leases_come_from_the_head_in_order(bench: Bench) -> None:
    push(bench, job("a"), job("b"), job("c"))
    queue = bench.inference("w")
    assert [decode(lease.raw).id for lease in queue.lease(2)] == ["a", "b"]
    assert [decode(lease.raw).id for lease in queue.lease(9)] == ["c"]
    assert queue.lease(9) == []


def test_a_completed_job_has_result_and_turns_once(bench: Bench) -> None:
    queue = bench.inference("w")
    push(bench, job("a"))
    (lease,) = queue.lease(1)
    assert begin(queue, lease, job("a")) == "run"
    assert queue.complete([done(lease, job("a"))]) == ["applied"]
    assert queue.complete([done(lease, job("a"))]) == ["lost"]
    assert bench.result("a") == JobRecord("done", b'{"response":"r"}')
    assert bench.turns("c-a") == ["q a", "r"]


def test_the_same_job_twice_on_the_queue_is_applied_once(bench: Bench) -> None:
    queue = bench.inference("w")
    push(bench, job("a"), job("a"))
    first, second = queue.lease(2)
    assert begin(queue, first, job("a")) == "run"
    assert queue.complete([done(first, job("a"))]) == ["applied"]
    assert begin(queue, second, job("a")) == "ended"
    assert queue.complete([done(second, job("a"))]) == ["duplicate"]
    assert bench.turns("c-a") == ["q a", "r"]


def test_a_message_without_a_readable_id_goes_to_the_dead_letters(bench: Bench) -> None:
    bench.push(keys.INFERENCE, b"{not json")
    queue = bench.inference("w")
    (lease,) = queue.lease(1)
    letter = DeadLetter(None, keys.INFER_TASK, keys.INFERENCE, "not JSON", NOW, lease.raw)
    end = Completion(lease.token, None, "failed", b"{}", NOW, dead_letter=letter)
    assert queue.complete([end]) == ["applied"]
    assert bench.dead() == [letter]


def test_turns_are_capped(bench: Bench) -> None:
    queue = bench.inference("w")
    for name in ("one", "two", "three"):
        push(bench, job(name, "talk"))
        (lease,) = queue.lease(1)
        begin(queue, lease, job(name, "talk"))
        queue.complete([done(lease, job(name, "talk"))])
    assert bench.turns("talk") == ["q two", "r", "q three", "r"]


def test_leases_whose_reply_was_lost_come_with_the_next_call(
    redis_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = RedisBench(redis_url, redis_client)
    push(bench, *(job(name) for name in "abc"))
    queue = RedisInferenceQueue(redis_url, "w", bench.clock, LIMITS)
    script = queue._lease

    def lost(keys: Sequence[str], args: Sequence[object]) -> object:
        script(keys, args)
        raise redis.ConnectionError("cut after the script had run")

    monkeypatch.setattr(queue, "_lease", lost)
    with pytest.raises(QueueUnavailable):
        queue.lease(2)
    monkeypatch.undo()
    taken = [lease for _ in range(3) for lease in queue.lease(2)]
    assert [decode(lease.raw).id for lease in taken] == ["a", "b", "c"]
    assert queue.complete([done(lease, job("x")) for lease in taken[:1]]) == ["applied"]


def test_gateways_hear_of_their_jobs_in_one_message(
    redis_url: str, redis_client: redis.Redis
) -> None:
    bench = RedisBench(redis_url, redis_client)
    queue = bench.inference("w")
    jobs = [job("a", gateway="g1"), job("b", gateway="g1"), job("c", gateway="g2")]
    push(bench, *jobs)
    leases = queue.lease(9)
    with redis_client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
        heard.subscribe(keys.replies("g1"))
        heard.get_message(timeout=5)
        queue.complete([done(lease, each) for lease, each in zip(leases, jobs, strict=True)])
        message = heard.get_message(timeout=5)
    record = JobRecord("done", b'{"response":"r"}')
    assert decode_notifications(message["data"]) == [("a", record), ("b", record)]


def test_every_key_in_redis_has_an_end(redis_url: str, redis_client: redis.Redis) -> None:
    bench = RedisBench(redis_url, redis_client)
    queue = bench.inference("w")
    one, two = job("one", "talk"), job("two", "talk")
    push(bench, one, two)
    leases = queue.lease(2)
    verdicts = [begin(queue, *pair) for pair in zip(leases, (one, two), strict=True)]
    assert verdicts == ["run", "parked"]
    queue.complete([done(leases[0], one)])
    queue.lease(1)
    unbounded = {
        keys.workers(keys.INFERENCE),
        keys.LEASE_TOKEN,
        keys.THROUGHPUT,
        keys.SENTIMENT,
        keys.lease("w"),
    }
    names: list[bytes] = redis_client.keys("*")  # type: ignore[assignment]
    for name in (raw.decode() for raw in names):
        assert name in unbounded or redis_client.ttl(name) > 0, name

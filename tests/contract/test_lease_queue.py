"""One suite for every adapter of the drain's queue: Redis and memory keep the same promises."""

from collections.abc import Sequence

import msgspec
import pytest
import redis

from shared import keys
from shared.jobs import ChatJob, Reply
from shared.results import Failure, JobRecord, decode_notifications
from shared.task_message import decode
from tests.contract.broker import NOW, Broker, claim, done, job, push
from workers.consumer.chat_result import ChatResult
from workers.consumer.lease_queue import Completion, DeadLetter


def test_leases_come_from_the_head_in_order(broker: Broker) -> None:
    push(broker, job("a"), job("b"), job("c"))
    queue = broker.inference("w")
    assert [decode(lease.raw).id for lease in queue.lease(2)] == ["a", "b"]
    assert [decode(lease.raw).id for lease in queue.lease(9)] == ["c"]
    assert queue.lease(9) == []


def test_a_completed_job_has_result_and_turns_once(broker: Broker) -> None:
    queue = broker.inference("w")
    push(broker, job("a"))
    (lease,) = queue.lease(1)
    assert claim(queue, lease, job("a")) == "run"
    assert queue.complete([done(lease, job("a"))]) == ["applied"]
    assert queue.complete([done(lease, job("a"))]) == ["lost"]
    assert answer(broker.result("a")) == "r"
    assert broker.turns("c-a") == ["text of a", "r"]


def test_the_same_job_twice_on_the_queue_is_applied_once(broker: Broker) -> None:
    queue = broker.inference("w")
    push(broker, job("a"), job("a"))
    first, second = queue.lease(2)
    assert claim(queue, first, job("a")) == "run"
    assert queue.complete([done(first, job("a"))]) == ["applied"]
    assert claim(queue, second, job("a")) == "ended"
    assert queue.complete([done(second, job("a"))]) == ["duplicate"]
    assert broker.turns("c-a") == ["text of a", "r"]


def test_both_leases_of_a_job_may_end_in_one_call(broker: Broker) -> None:
    queue = broker.inference("w")
    push(broker, job("a"), job("a"))
    first, second = queue.lease(2)
    assert [claim(queue, lease, job("a")) for lease in (first, second)] == ["run", "run"]
    ends = [done(first, job("a")), done(second, job("a"))]
    assert queue.complete(ends) == ["applied", "duplicate"]
    assert broker.turns("c-a") == ["text of a", "r"]
    assert broker.client.hlen(keys.lease("w")) == 0


def test_a_message_without_a_readable_id_goes_to_the_dead_letters(broker: Broker) -> None:
    broker.push(keys.INFERENCE, b"{not json")
    queue = broker.inference("w")
    (lease,) = queue.lease(1)
    letter = DeadLetter(None, keys.INFER_TASK, keys.INFERENCE, "not JSON", NOW, lease.raw)
    failure = Failure("failed", "not JSON")
    end: Completion[ChatJob, ChatResult] = Completion(
        lease=lease, job=None, task_id=None, done_at=NOW, failure=failure, dead_letter=letter
    )
    assert queue.complete([end]) == ["applied"]
    assert broker.dead() == [letter]


def test_turns_are_capped(broker: Broker) -> None:
    queue = broker.inference("w")
    for name in ("one", "two", "three"):
        push(broker, job(name, "talk"))
        (lease,) = queue.lease(1)
        claim(queue, lease, job(name, "talk"))
        queue.complete([done(lease, job(name, "talk"))])
    assert broker.turns("talk") == ["text of two", "r", "text of three", "r"]


def test_a_lease_whose_reply_was_lost_is_repeated_and_returns_the_same(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(broker, *(job(name) for name in "abc"))
    queue = broker.inference("w")
    script, calls = queue._lease, []

    def lose_the_first(keys: Sequence[str], args: Sequence[object]) -> object:
        calls.append(script(keys, args))
        if len(calls) == 1:
            raise redis.ConnectionError("cut after the script had run")
        return calls[-1]

    monkeypatch.setattr(queue, "_lease", lose_the_first)
    taken = [lease for _ in range(2) for lease in queue.lease(2)]
    assert len(calls) == 3
    assert calls[0] == calls[1]
    assert [decode(lease.raw).id for lease in taken] == ["a", "b", "c"]
    assert queue.complete([done(lease, job("x")) for lease in taken[:1]]) == ["applied"]


def test_gateways_hear_of_their_jobs_in_one_message(broker: Broker) -> None:
    queue = broker.inference("w")
    jobs = [job("a", gateway="g1"), job("b", gateway="g1"), job("c", gateway="g2")]
    push(broker, *jobs)
    leases = queue.lease(9)
    with broker.client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
        heard.subscribe(keys.replies("g1"))
        heard.get_message(timeout=5)
        queue.complete([done(lease, each) for lease, each in zip(leases, jobs, strict=True)])
        message = heard.get_message(timeout=5)
    heard_of = decode_notifications(message["data"])
    assert [(name, answer(record)) for name, record in heard_of] == [("a", "r"), ("b", "r")]


def test_every_key_in_redis_has_an_end(broker: Broker) -> None:
    queue = broker.inference("w")
    one, two = job("one", "talk"), job("two", "talk")
    push(broker, one, two)
    leases = queue.lease(2)
    verdicts = [claim(queue, *pair) for pair in zip(leases, (one, two), strict=True)]
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
    names: list[bytes] = broker.client.keys("*")  # type: ignore[assignment]
    for name in (raw.decode() for raw in names):
        assert name in unbounded or broker.client.ttl(name) > 0, name


def answer(record: JobRecord | None) -> str:
    assert record is not None
    assert record.body is not None
    return msgspec.json.decode(record.body, type=Reply).response

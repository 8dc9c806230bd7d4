"""Eta and countdown: a job is kept until it is due; till then it is found, cancelled, erased."""

from dataclasses import replace
from typing import cast

import pytest
import redis

from gateway.queue.conversations import RedisConversations
from gateway.queue.job_canceller import RedisJobCanceller
from gateway.queue.job_follower import RedisJobFollower
from gateway.queue.job_store import RedisJobStore
from infra.cli.job import describe
from infra.job_trace import JobTracer
from shared import keys, tenants
from shared.follow_ups import decode_ended
from shared.jobs import ChatJob, FollowUps
from shared.results import JobRecord
from tests.contract.broker import NOW, Broker, claim, done, job
from tests.support.queue_view import LIMITS
from workers.consumer.lease_queue import Lease
from workers.consumer.redis_inference_queue import RedisInferenceQueue

SIGNATURE = {"task": "shop.ship", "args": [], "kwargs": {}, "options": {"task_id": "s-1"}}


@pytest.fixture
def queue(broker: Broker) -> RedisInferenceQueue:
    return broker.inference("w")


def later(name: str, seconds: float, **changes: object) -> ChatJob:
    due = replace(job(name, "a talk"), due_at=NOW + seconds, external=True)
    return replace(due, **changes)  # type: ignore[arg-type]


def offer(broker: Broker, queue: RedisInferenceQueue, each: ChatJob) -> tuple[Lease, str]:
    broker.push(keys.INFERENCE, each.id.encode())
    (lease,) = queue.lease(1)
    return lease, claim(queue, lease, each)


def waiting(broker: Broker) -> list[str]:
    return [raw.decode() for raw in broker.waiting(keys.INFERENCE)]


def test_a_job_comes_when_it_is_due(broker: Broker, queue: RedisInferenceQueue) -> None:
    for name, seconds in (("late", 30), ("soon", 10), ("sooner", 5)):
        assert offer(broker, queue, later(name, seconds))[1] == "parked"
    assert broker.client.hlen(keys.lease("w")) == 0
    broker.clock.advance(4.9)
    queue.reclaim_dead()
    assert waiting(broker) == []
    broker.clock.advance(5.2)
    queue.reclaim_dead()
    queue.reclaim_dead()
    assert waiting(broker) == ["sooner", "soon"]
    (lease,) = queue.lease(1)
    assert claim(queue, lease, later("sooner", 5)) == "run"
    assert broker.client.llen(keys.SENTIMENT) == 1
    assert broker.client.zrange(keys.SCHEDULED, 0, -1) == [b"a talk\nlate"]


def test_a_job_that_expires_before_comes_when_it_expires(
    broker: Broker, queue: RedisInferenceQueue
) -> None:
    offer(broker, queue, later("a", 30, expires_at=NOW + 5))
    broker.clock.advance(6)
    queue.reclaim_dead()
    assert waiting(broker) == ["a"]


def test_a_revoked_job_comes_at_once(broker: Broker, queue: RedisInferenceQueue) -> None:
    for name in ("a", "b"):
        offer(broker, queue, later(name, 30))
    queue.hasten(["a", "unknown"])
    queue.hasten([])
    queue.reclaim_dead()
    assert waiting(broker) == ["a"]
    assert broker.client.zrange(keys.SCHEDULED, 0, -1) == [b"a talk\nb"]


def test_a_job_that_waits_is_found_and_cancelled(
    broker: Broker, queue: RedisInferenceQueue
) -> None:
    offer(broker, queue, later("a", 30))
    assert dict(describe(JobTracer(broker.client).trace("a")))["where"].startswith("waits until")
    jobs = RedisJobStore(broker.client)
    assert jobs.find("a") == JobRecord("queued")
    assert RedisJobCanceller(broker.client, broker.clock, LIMITS).cancel("a")
    ended = jobs.find("a")
    assert ended
    assert ended.state == "cancelled"
    broker.clock.advance(60)
    queue.reclaim_dead()
    assert waiting(broker) == []
    assert broker.client.exists(keys.SCHEDULED, keys.scheduled_messages("a talk")) == 0


def test_a_job_that_has_just_come_due_is_known_until_it_is_claimed(
    broker: Broker, queue: RedisInferenceQueue
) -> None:
    offer(broker, queue, later("a", 5))
    broker.clock.advance(6)
    queue.reclaim_dead()
    assert waiting(broker) == ["a"]
    assert RedisJobCanceller(broker.client, broker.clock, LIMITS).cancel("a")


def test_a_job_for_a_tenant_is_shown_to_no_other_when_it_comes_due(
    broker: Broker, queue: RedisInferenceQueue
) -> None:
    offer(broker, queue, later("a", 5, conversation_id=tenants.scope("acme", "a talk")))
    broker.clock.advance(6)
    queue.reclaim_dead()
    assert RedisJobStore(broker.client).find("a") is None
    assert RedisJobFollower(broker.client, "g", 60).follow("a", 0) is None
    assert broker.client.hget(keys.job("a"), "followers") is None


@pytest.mark.parametrize("end", ["cancel", "erase"])
@pytest.mark.parametrize("kept", ["scheduled", "parked"])
def test_a_kept_job_that_is_ended_still_has_its_follow_ups(
    broker: Broker, queue: RedisInferenceQueue, end: str, kept: str
) -> None:
    follow_ups = FollowUps(chain=[SIGNATURE])
    each = later("a", 30 if kept == "scheduled" else 0, follow_ups=follow_ups)
    if kept == "parked":
        offer(broker, queue, job("first", "a talk"))
    assert offer(broker, queue, each)[1] == "parked"
    if end == "cancel":
        RedisJobCanceller(broker.client, broker.clock, LIMITS).cancel("a")
    else:
        RedisConversations(broker.client, broker.clock, LIMITS).erase("a talk")
    assert waiting(broker) == ["a"]
    (lease,) = queue.lease(1)
    assert claim(queue, lease, each) == "cancelled"
    assert queue.complete([done(lease, each, "cancelled")]) == ["duplicate"]
    assert broker.client.llen(keys.FOLLOW_UPS) == 1


def test_too_many_are_refused(
    broker: Broker, queue: RedisInferenceQueue, redis_client: "redis.Redis"
) -> None:
    members = {f"c\n{number}": NOW + 99 for number in range(keys.MAX_SCHEDULED - 1)}
    redis_client.zadd(keys.SCHEDULED, members)
    assert offer(broker, queue, later("a", 30))[1] == "parked"
    assert offer(broker, queue, later("a", 30))[1] == "parked"
    assert offer(broker, queue, later("b", 30))[1] == "refused"


def test_what_follows_is_written_down_once(broker: Broker, queue: RedisInferenceQueue) -> None:
    each = replace(job("a", "talk"), external=True, follow_ups=FollowUps(callbacks=[SIGNATURE]))
    first, verdict = offer(broker, queue, each)
    assert verdict == "run"
    assert queue.complete([done(first, each)]) == ["applied"]
    second, verdict = offer(broker, queue, each)
    assert verdict == "ended"
    assert queue.complete([done(second, each)]) == ["duplicate"]
    (written,) = cast("list[bytes]", broker.client.lrange(keys.FOLLOW_UPS, 0, -1))
    ended = decode_ended(written)
    assert (ended.id, ended.state, ended.follow_ups.callbacks) == ("a", "done", [SIGNATURE])
    assert 0 < broker.client.ttl(keys.followed_up("a")) <= 3600


def test_a_lost_lease_has_no_follow_ups(broker: Broker, queue: RedisInferenceQueue) -> None:
    each = replace(job("a", "talk"), follow_ups=FollowUps(callbacks=[SIGNATURE]))
    lease, _ = offer(broker, queue, each)
    broker.client.delete(keys.lease("w"))
    assert queue.complete([done(lease, each)]) == ["lost"]
    assert broker.client.exists(keys.FOLLOW_UPS) == 0

"""Cancelling and erasing: the gateway that waits hears of it, the next job runs."""

from dataclasses import dataclass

import msgspec
import pytest
import redis
from celery import Celery, states
from celery.exceptions import TaskRevokedError

from gateway.queue.conversations import RedisConversations
from gateway.queue.job_canceller import RedisJobCanceller
from gateway.queue.job_store import RedisJobStore
from gateway.queue.publisher import EnqueueLimits, EnqueueRequest, RedisPublisher
from shared import keys
from shared.connection import connect
from shared.jobs import ChatJob, Turn
from shared.results import decode_notifications, failure_detail
from shared.wire import encode_infer, read_chat_job
from tests.contract.broker import claim, done
from tests.fakes.clock import ManualClock
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import EXPIRY_GRACE_SECONDS, Lease, QueuePolicy
from workers.consumer.redis_inference_queue import RedisInferenceQueue


@dataclass
class Harness:
    url: str
    client: redis.Redis

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        limits = EnqueueLimits(messages=9, job_ttl_seconds=60, lane_ttl_seconds=90)
        self.publisher = RedisPublisher(self.client, limits)
        self.canceller = RedisJobCanceller(self.client, self.clock, limits)
        self.conversations = RedisConversations(self.client, self.clock, limits)
        self.jobs = RedisJobStore(self.client)
        context = WorkerContext("w", clock=self.clock)
        self.worker = RedisInferenceQueue(connect(self.url), context, QueuePolicy())

    def publish(self, *names: str, gateway: str | None = None, seconds: float | None = 30) -> None:
        now = self.clock.now()
        expires_at = None if seconds is None else now + seconds
        for name in names:
            job = ChatJob(name, "Hello", "talk", now, expires_at=expires_at, gateway=gateway)
            self.publisher.submit(EnqueueRequest.of(job))

    def lease(self) -> list[tuple[Lease, str, str]]:
        """Lease and start all that is queued; return id and verdict of each."""
        leased: list[tuple[Lease, str, str]] = []
        for lease in self.worker.lease(9):
            job = read_chat_job(lease.raw, 0.0)
            leased.append((lease, job.id, claim(self.worker, lease, job)))
        return leased

    def started(self) -> list[str]:
        return [f"{name} {verdict}" for _, name, verdict in self.lease()]

    def complete(self, lease: Lease, name: str) -> str:
        return self.worker.complete([done(lease, ChatJob(name, f"q {name}", "talk", 1.0))])[0]

    def state(self, name: str) -> str | None:
        record = self.jobs.find(name)
        return record.state if record else None

    def turns(self) -> list[str]:
        found = self.conversations.turns("talk")
        return [msgspec.json.decode(turn, type=Turn).text for turn in found]


@pytest.fixture
def harness(redis_url: str, redis_client: "redis.Redis") -> Harness:
    return Harness(redis_url, redis_client)


def test_a_queued_job_never_runs_and_the_next_one_goes(harness: Harness) -> None:
    harness.publish("a", "b")

    assert harness.canceller.cancel("a")

    assert harness.state("a") == "cancelled"
    assert sorted(harness.started()) == ["a cancelled", "b run"]


@pytest.mark.parametrize(
    ("status", "value", "verdict"),
    [
        (states.REVOKED, TaskRevokedError("revoked"), "cancelled"),
        (states.SUCCESS, {"status": "REVOKED"}, "ended"),
    ],
)
def test_a_result_that_celery_has_stored_is_read_in_its_own_spelling(
    harness: Harness, status: str, value: object, verdict: str
) -> None:
    harness.publish("a")
    backend = Celery("client", backend="cache+memory://", set_as_current=False).backend
    backend.store_result("a", value, status)
    harness.client.set(keys.result("a"), backend.get(backend.get_key_for_task("a")))

    assert harness.started() == [f"a {verdict}"]


@pytest.mark.parametrize("result", ["no JSON", "[]", "null", '"REVOKED"', "[" * 5_000])
def test_a_result_that_is_no_celery_result_ends_the_job_too(harness: Harness, result: str) -> None:
    harness.publish("a")
    harness.client.set(keys.result("a"), result)

    assert harness.started() == ["a ended"]


def test_a_parked_job_never_reaches_the_queue(harness: Harness) -> None:
    harness.publish("a", "b", "c")
    [(lease, _, _)] = harness.lease()

    assert harness.canceller.cancel("b")

    assert harness.complete(lease, "a") == "applied"
    assert harness.started() == ["c run"]
    assert harness.state("b") == "cancelled"
    assert harness.client.zcard(keys.PARKED) == 0


def test_a_running_jobs_reply_is_thrown_away(harness: Harness) -> None:
    harness.publish("a", "b")
    [(lease, _, _)] = harness.lease()

    assert harness.canceller.cancel("a")

    assert harness.started() == ["b run"]
    assert harness.complete(lease, "a") == "duplicate"
    assert harness.state("a") == "cancelled"
    assert harness.turns() == []
    assert harness.client.get(keys.lane("talk")) == b"b"


def test_cancelling_again_changes_nothing(harness: Harness) -> None:
    harness.publish("a", "b")

    assert harness.canceller.cancel("a")
    stored = harness.client.get(keys.result("a"))
    assert harness.canceller.cancel("a")

    assert harness.client.get(keys.result("a")) == stored
    assert harness.client.llen(keys.INFERENCE) == 2


def test_an_ended_job_stays_as_it_is_and_an_unknown_one_is_unknown(harness: Harness) -> None:
    harness.publish("a")
    [(lease, _, _)] = harness.lease()
    harness.complete(lease, "a")

    assert harness.canceller.cancel("a")

    assert harness.state("a") == "done"
    assert not harness.canceller.cancel("unknown")


def test_the_gateway_that_waits_is_notified(harness: Harness) -> None:
    harness.publish("a", gateway="g-1")
    with harness.client.pubsub(ignore_subscribe_messages=True) as pubsub:  # type: ignore[no-untyped-call]
        pubsub.subscribe(keys.replies("g-1"), keys.result("a"))
        pubsub.get_message(timeout=5)
        pubsub.get_message(timeout=5)
        harness.canceller.cancel("a")
        messages = [pubsub.get_message(timeout=5) for _ in range(2)]

    by_channel = {message["channel"].decode(): message["data"] for message in messages}
    [(job_id, record)] = decode_notifications(by_channel[keys.replies("g-1")])
    assert (job_id, record.state) == ("a", "cancelled")
    assert failure_detail(record.body or b"") == "The message was cancelled."
    published = msgspec.json.decode(by_channel[keys.result("a")])
    assert (published["status"], published["task_id"]) == ("REVOKED", "a")
    assert published["result"]["exc_type"] == "JobCancelled"


def test_a_newcomer_does_not_overtake_those_whose_lane_has_run_out(harness: Harness) -> None:
    harness.publish("a", "b")
    [(late, _, _)] = harness.lease()
    harness.client.delete(keys.lane("talk"))

    harness.publish("c")

    [(lease, name, verdict)] = harness.lease()
    assert (name, verdict) == ("b", "run")
    assert harness.complete(late, "a") == "applied"
    assert harness.started() == []
    harness.complete(lease, "b")
    assert harness.started() == ["c run"]


def test_a_celery_clients_job_does_not_overtake_either(harness: Harness) -> None:
    harness.publish("a", "b")
    harness.lease()
    harness.client.delete(keys.lane("talk"))
    harness.client.lpush(keys.INFERENCE, encode_infer(ChatJob("c", "Hello", "talk", 1.0)))

    assert harness.started() == ["c parked"]
    [(lease, name, verdict)] = harness.lease()
    assert (name, verdict) == ("b", "run")
    harness.complete(lease, "b")
    assert harness.started() == ["c run"]


def test_a_lane_that_has_run_out_is_passed_on_all_the_same(harness: Harness) -> None:
    harness.publish("a", "b")
    [(lease, _, _)] = harness.lease()
    harness.client.delete(keys.lane("talk"))

    harness.complete(lease, "a")

    assert harness.started() == ["b run"]


def test_a_gateways_job_that_lost_its_lane_waits_for_the_new_holder(harness: Harness) -> None:
    harness.publish("a")
    harness.client.delete(keys.lane("talk"))
    harness.publish("b")

    assert [lease[1:] for lease in harness.lease()] == [("a", "parked"), ("b", "run")]
    assert harness.client.get(keys.lane("talk")) == b"b"


def test_a_parked_job_whose_time_is_over_comes_back_to_be_ended(harness: Harness) -> None:
    harness.publish("a")
    harness.clock.advance(20)
    harness.publish("b", "c")
    harness.lease()
    harness.clock.advance(30 + EXPIRY_GRACE_SECONDS - 0.1)
    harness.worker.reclaim_dead()
    assert harness.client.llen(keys.INFERENCE) == 0

    harness.clock.advance(0.2)
    harness.worker.reclaim_dead()

    back = [read_chat_job(lease.raw, 0.0) for lease in harness.worker.lease(9)]
    assert [job.id for job in back] == ["b", "c"]
    assert all((job.expires_at or 0) < harness.clock.now() for job in back)
    assert harness.client.keys("parley:*waiting*") == []
    assert harness.client.zcard(keys.PARKED) == 0


def test_a_parked_job_without_a_deadline_keeps_its_place(harness: Harness) -> None:
    harness.publish("a", "b", "c", seconds=None)
    [(lease, _, _)] = harness.lease()
    harness.clock.advance(5_000)
    harness.worker.reclaim_dead()
    assert harness.client.llen(keys.INFERENCE) == 0

    harness.client.delete(keys.lane("talk"))
    harness.clock.advance(5_000)
    harness.worker.reclaim_dead()

    assert harness.started() == ["b run"]
    assert harness.complete(lease, "a") == "applied"
    assert harness.client.get(keys.lane("talk")) == b"b"
    assert harness.client.zcard(keys.PARKED) == 1


def test_erasing_cancels_what_is_on_its_way_and_nothing_comes_back(harness: Harness) -> None:
    harness.publish("a", "b", "c")
    [(lease, _, _)] = harness.lease()
    harness.complete(lease, "a")
    [(running, _, _)] = harness.lease()

    harness.conversations.erase("talk")

    assert harness.complete(running, "b") == "duplicate"
    assert [harness.state(name) for name in "abc"] == ["cancelled", "cancelled", "cancelled"]
    assert harness.turns() == []
    harness.publish("d")
    assert harness.started() == ["d run"]
    assert harness.client.zcard(keys.PARKED) == 0


def test_a_job_id_of_any_spelling_can_be_cancelled(harness: Harness) -> None:
    harness.publish("50%", "%1")

    harness.conversations.erase("talk")

    assert [harness.state(name) for name in ("50%", "%1")] == ["cancelled", "cancelled"]
    assert b'"task_id":"50%"' in (harness.client.get(keys.result("50%")) or b"")

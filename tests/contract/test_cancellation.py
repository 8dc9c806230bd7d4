"""Cancelling and erasing, between gateway and worker: who waits is told, the next job goes."""

from dataclasses import dataclass

import msgspec
import pytest
import redis

from gateway.queue.conversations import RedisConversations
from gateway.queue.job_canceller import RedisJobCanceller
from gateway.queue.job_store import RedisJobStore
from gateway.queue.publisher import QueueLimits, RedisPublisher
from shared import keys
from shared.jobs import ChatJob, Turn
from shared.results import decode_notifications, failure_detail
from shared.wire import decode, decode_job, encode_infer
from tests.fakes.clock import ManualClock
from workers.consumer.lease_queue import EXPIRY_GRACE_SECONDS, Arrival, Completion, Lease
from workers.consumer.lease_queue import QueueLimits as DrainLimits
from workers.consumer.redis_queue import RedisInferenceQueue


@dataclass
class Bench:
    url: str
    client: redis.Redis

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        limits = QueueLimits(messages=9, job_ttl_seconds=60, lane_ttl_seconds=90)
        self.publisher = RedisPublisher(self.client, limits)
        self.canceller = RedisJobCanceller(self.client, self.clock, limits)
        self.conversations = RedisConversations(self.client, self.clock, limits)
        self.jobs = RedisJobStore(self.client)
        self.worker = RedisInferenceQueue(self.url, "w", self.clock, DrainLimits())

    def publish(self, *names: str, gateway: str | None = None, seconds: float | None = 30) -> None:
        now = self.clock.now()
        over_at = None if seconds is None else now + seconds
        for name in names:
            job = ChatJob(name, "Hello", "talk", now, expires_at=over_at, gateway=gateway)
            self.publisher.publish(job)

    def lease(self) -> list[tuple[Lease, str, str]]:
        """Lease and start all that is queued; return id and verdict of each."""
        leased: list[tuple[Lease, str, str]] = []
        for lease in self.worker.lease(9):
            job = decode_job(decode(lease.raw), 0.0)
            [start] = self.worker.start([Arrival(lease.token, job)])
            leased.append((lease, job.id, start.verdict))
        return leased

    def started(self) -> list[str]:
        return [f"{name} {verdict}" for _, name, verdict in self.lease()]

    def complete(self, lease: Lease, name: str) -> str:
        turns = Turn("user", f"q {name}", name, 1.0), Turn("assistant", "r", name, 1.0)
        end = Completion(lease.token, name, "done", b"{}", 1.0, "talk", turns=turns)
        return self.worker.complete([end])[0]

    def state(self, name: str) -> str | None:
        record = self.jobs.find(name)
        return record.state if record else None

    def turns(self) -> list[str]:
        found = self.conversations.turns("talk")
        return [msgspec.json.decode(turn, type=Turn).text for turn in found]


@pytest.fixture
def bench(redis_url: str, redis_client: "redis.Redis") -> Bench:
    return Bench(redis_url, redis_client)


def test_a_queued_job_never_runs_and_the_next_one_goes(bench: Bench) -> None:
    bench.publish("a", "b")

    assert bench.canceller.cancel("a")

    assert bench.state("a") == "cancelled"
    assert sorted(bench.started()) == ["a cancelled", "b go"]


def test_a_parked_job_never_reaches_the_queue(bench: Bench) -> None:
    bench.publish("a", "b", "c")
    [(lease, _, _)] = bench.lease()

    assert bench.canceller.cancel("b")

    assert bench.complete(lease, "a") == "applied"
    assert bench.started() == ["c go"]
    assert bench.state("b") == "cancelled"
    assert bench.client.zcard(keys.PARKED) == 0


def test_a_running_jobs_reply_is_thrown_away(bench: Bench) -> None:
    bench.publish("a", "b")
    [(lease, _, _)] = bench.lease()

    assert bench.canceller.cancel("a")

    assert bench.started() == ["b go"]
    assert bench.complete(lease, "a") == "duplicate"
    assert bench.state("a") == "cancelled"
    assert bench.turns() == []
    assert bench.client.get(keys.lane("talk")) == b"b"


def test_cancelling_again_changes_nothing(bench: Bench) -> None:
    bench.publish("a", "b")

    assert bench.canceller.cancel("a")
    stored = bench.client.get(keys.result("a"))
    assert bench.canceller.cancel("a")

    assert bench.client.get(keys.result("a")) == stored
    assert bench.client.llen(keys.INFERENCE) == 2


def test_an_ended_job_stays_as_it_is_and_an_unknown_one_is_unknown(bench: Bench) -> None:
    bench.publish("a")
    [(lease, _, _)] = bench.lease()
    bench.complete(lease, "a")

    assert bench.canceller.cancel("a")

    assert bench.state("a") == "done"
    assert not bench.canceller.cancel("unknown")


def test_the_gateway_that_waits_is_told(bench: Bench) -> None:
    bench.publish("a", gateway="g-1")
    with bench.client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
        heard.subscribe(keys.replies("g-1"), keys.result("a"))
        heard.get_message(timeout=5)
        heard.get_message(timeout=5)
        bench.canceller.cancel("a")
        messages = [heard.get_message(timeout=5) for _ in range(2)]

    by_channel = {message["channel"].decode(): message["data"] for message in messages}
    [(job_id, record)] = decode_notifications(by_channel[keys.replies("g-1")])
    assert (job_id, record.state) == ("a", "cancelled")
    assert failure_detail(record.body or b"") == "The message was cancelled."
    told = msgspec.json.decode(by_channel[keys.result("a")])
    assert (told["status"], told["task_id"]) == ("REVOKED", "a")
    assert told["result"]["exc_type"] == "JobCancelled"


def test_a_newcomer_does_not_overtake_those_whose_lane_has_run_out(bench: Bench) -> None:
    bench.publish("a", "b")
    [(late, _, _)] = bench.lease()
    bench.client.delete(keys.lane("talk"))

    bench.publish("c")

    [(lease, name, verdict)] = bench.lease()
    assert (name, verdict) == ("b", "go")
    assert bench.complete(late, "a") == "applied"
    assert bench.started() == []
    bench.complete(lease, "b")
    assert bench.started() == ["c go"]


def test_a_celery_clients_job_does_not_overtake_either(bench: Bench) -> None:
    bench.publish("a", "b")
    bench.lease()
    bench.client.delete(keys.lane("talk"))
    bench.client.lpush(keys.INFERENCE, encode_infer(ChatJob("c", "Hello", "talk", 1.0)))

    assert bench.started() == ["c parked"]
    [(lease, name, verdict)] = bench.lease()
    assert (name, verdict) == ("b", "go")
    bench.complete(lease, "b")
    assert bench.started() == ["c go"]


def test_a_lane_that_has_run_out_is_passed_on_all_the_same(bench: Bench) -> None:
    bench.publish("a", "b")
    [(lease, _, _)] = bench.lease()
    bench.client.delete(keys.lane("talk"))

    bench.complete(lease, "a")

    assert bench.started() == ["b go"]


def test_a_gateways_job_that_lost_its_lane_waits_for_the_new_holder(bench: Bench) -> None:
    bench.publish("a")
    bench.client.delete(keys.lane("talk"))
    bench.publish("b")

    assert [lease[1:] for lease in bench.lease()] == [("a", "parked"), ("b", "go")]
    assert bench.client.get(keys.lane("talk")) == b"b"


def test_a_parked_job_whose_time_is_over_comes_back_to_be_ended(bench: Bench) -> None:
    bench.publish("a")
    bench.clock.advance(20)
    bench.publish("b", "c")
    bench.lease()
    bench.clock.advance(30 + EXPIRY_GRACE_SECONDS - 0.1)
    bench.worker.reclaim_dead()
    assert bench.client.llen(keys.INFERENCE) == 0

    bench.clock.advance(0.2)
    bench.worker.reclaim_dead()

    back = [decode_job(decode(lease.raw), 0.0) for lease in bench.worker.lease(9)]
    assert [job.id for job in back] == ["b", "c"]
    assert all((job.expires_at or 0) < bench.clock.now() for job in back)
    assert bench.client.keys("parley:*waiting*") == []
    assert bench.client.zcard(keys.PARKED) == 0


def test_a_parked_job_without_a_deadline_keeps_its_place(bench: Bench) -> None:
    bench.publish("a", "b", "c", seconds=None)
    [(lease, _, _)] = bench.lease()
    bench.clock.advance(5_000)
    bench.worker.reclaim_dead()
    assert bench.client.llen(keys.INFERENCE) == 0

    bench.client.delete(keys.lane("talk"))
    bench.clock.advance(5_000)
    bench.worker.reclaim_dead()

    assert bench.started() == ["b go"]
    assert bench.complete(lease, "a") == "applied"
    assert bench.client.get(keys.lane("talk")) == b"b"
    assert bench.client.zcard(keys.PARKED) == 1


def test_erasing_cancels_what_is_on_its_way_and_nothing_comes_back(bench: Bench) -> None:
    bench.publish("a", "b", "c")
    [(lease, _, _)] = bench.lease()
    bench.complete(lease, "a")
    [(running, _, _)] = bench.lease()

    bench.conversations.erase("talk")

    assert bench.complete(running, "b") == "duplicate"
    assert [bench.state(name) for name in "abc"] == ["done", "cancelled", "cancelled"]
    assert bench.turns() == []
    bench.publish("d")
    assert bench.started() == ["d go"]
    assert bench.client.zcard(keys.PARKED) == 0

"""How far a job has come, and that each step of it wakes the gateways that follow it."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import pytest
import redis

from gateway.queue.job_canceller import RedisJobCanceller
from gateway.queue.job_follower import JobProgress, RedisJobFollower
from gateway.queue.publisher import EnqueueLimits, EnqueueRequest, Queued, RedisPublisher
from shared import keys, results
from shared.jobs import ChatJob, Tone
from shared.results import JobRecord
from shared.wire import read_chat_job
from tests.contract.broker import NOW, Broker, done, status, toned
from workers.consumer.lease_queue import LeasedJob

LIMITS = EnqueueLimits(messages=9, job_ttl_seconds=60, lane_ttl_seconds=60)
TONE = Tone("neutral", 0.8)


@dataclass
class Listener:
    """What a gateway hears on its channel."""

    pubsub: "redis.client.PubSub"

    def heard(self) -> list[tuple[str, str]]:
        """Return job and state of each line since the last call."""
        found = []
        while message := self.pubsub.get_message(timeout=0.2):
            if message["type"] == "message":
                found += results.decode_notifications(message["data"])
        return [(job_id, record.state) for job_id, record in found]


@dataclass
class Stand:
    broker: Broker

    def __post_init__(self) -> None:
        client = self.broker.client
        self.publisher = RedisPublisher(client, LIMITS)
        self.follower = RedisJobFollower(client, "g-1", 60)
        self.inference = self.broker.inference("w-1")

    def enqueue(self, job_id: str = "a", gateway: str | None = "g-1") -> ChatJob:
        now = self.broker.clock.now()
        job = ChatJob(job_id, "Hello", "c", now, expires_at=now + 30, gateway=gateway)
        assert isinstance(self.publisher.submit(EnqueueRequest.of(job)), Queued)
        return job

    def claim(self) -> list[LeasedJob[ChatJob]]:
        leases = self.inference.lease(9)
        jobs = [LeasedJob(lease, read_chat_job(lease.raw, NOW)) for lease in leases]
        self.inference.claim(jobs)
        return jobs

    def complete_tone(self, job: ChatJob) -> None:
        sentiment = self.broker.sentiment("s-1")
        [lease] = sentiment.lease(1)
        sentiment.complete([toned(lease, job.id, TONE)])


@pytest.fixture
def stand(broker: Broker) -> Stand:
    return Stand(broker)


@pytest.fixture
def listener(redis_client: "redis.Redis") -> Iterator[Listener]:
    with redis_client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
        pubsub.subscribe(keys.replies("g-1"))
        assert pubsub.get_message(timeout=10)
        yield Listener(pubsub)


def test_an_unknown_job_is_not_found(stand: Stand) -> None:
    assert stand.follower.follow("a", 0) is None


def test_each_step_of_a_followed_job_is_seen_and_announced(
    stand: Stand, listener: Listener
) -> None:
    job = stand.enqueue()
    assert stand.follower.follow("a", 0) == JobProgress("queued", "c", waiting=1)

    [leased] = stand.claim()
    assert listener.heard() == [("a", "started")]
    assert stand.follower.follow("a", 0) == JobProgress("started", "c")

    stand.complete_tone(job)
    assert listener.heard() == [("a", "started")]
    tone = msgspec.json.encode(TONE)
    assert stand.follower.follow("a", 0) == JobProgress("started", "c", tone)

    stand.inference.complete([done(leased.lease, leased.job)])
    assert listener.heard() == [("a", "done")]
    ended = stand.follower.follow("a", 0)
    assert isinstance(ended, JobRecord)
    assert ended.state == "done"
    assert ended.body == stand.broker.result("a").body  # type: ignore[union-attr]


def test_a_job_that_nobody_follows_is_announced_at_its_end_alone(
    stand: Stand, listener: Listener
) -> None:
    job = stand.enqueue()
    [leased] = stand.claim()
    stand.complete_tone(job)
    stand.inference.complete([done(leased.lease, leased.job)])

    assert listener.heard() == [("a", "done")]


def test_another_gateway_s_job_is_followed_from_any_point(stand: Stand, listener: Listener) -> None:
    stand.enqueue(gateway="g-2")
    [leased] = stand.claim()
    for _ in range(2):  # each look may be repeated
        assert stand.follower.follow("a", 0) == JobProgress("started", "c")
    assert stand.broker.client.hget(keys.job("a"), "watchers") == b"g-2 g-1 "

    stand.inference.complete([done(leased.lease, leased.job)])
    assert listener.heard() == [("a", "done")]


def test_text_that_is_shown_before_the_reply_is_read_from_where_it_is_known(stand: Stand) -> None:
    stand.enqueue()
    [leased] = stand.claim()
    stand.broker.client.append(keys.reply_text("a"), "Grüße. Und mehr.")

    known = len("Grüße. ".encode())
    assert stand.follower.follow("a", known) == JobProgress("started", "c", text=b"Und mehr.")
    assert stand.follower.follow("a", 99) == JobProgress("started", "c")
    stand.inference.complete([done(leased.lease, leased.job)])
    assert not stand.broker.client.exists(keys.reply_text("a"))


def test_a_worker_that_waits_for_a_tone_gets_it_all_the_same(stand: Stand) -> None:
    job = stand.enqueue()
    stand.follower.follow("a", 0)
    stand.broker.sentiment("s-1").heartbeat(status("s-1", keys.SENTIMENT))
    stand.inference.tones(["a"])
    stand.follower.follow("a", 0)

    assert stand.broker.client.get(keys.tone_subscription("a")) == keys.tones("w-1").encode()
    stand.complete_tone(job)
    assert stand.inference.tones(["a"]) == {"a": TONE}


def test_a_cancelled_job_s_followers_hear_of_it(stand: Stand, listener: Listener) -> None:
    stand.enqueue(gateway=None)
    stand.follower.follow("a", 0)
    RedisJobCanceller(stand.broker.client, stand.broker.clock, LIMITS).cancel("a")

    assert listener.heard() == [("a", "cancelled")]


def test_the_end_of_a_job_for_a_tenant_is_not_shown_by_its_bare_id(stand: Stand) -> None:
    ended = results.celery_result("a", "done", b"{}", NOW, "acme")
    stand.broker.client.set(keys.result("a"), ended)
    assert stand.follower.follow("a", 0) is None

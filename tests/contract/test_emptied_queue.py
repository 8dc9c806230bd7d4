"""`celery purge` and FLUSHALL under way: nobody waits beyond the deadline, and all works again."""

import pytest

from gateway.queue.job_canceller import RedisJobCanceller
from gateway.queue.job_follower import RedisJobFollower
from gateway.queue.job_store import RedisJobStore
from gateway.queue.publisher import EnqueueLimits, EnqueueRequest, RedisPublisher
from shared import keys
from shared.jobs import ChatJob
from shared.queue_lists import QueueLists
from shared.results import Failure, JobRecord, celery_result, encode_failure
from tests.contract.broker import NOW, Broker, claim, done, job, push, status
from tests.fakes.clock import ManualClock
from workers.consumer.lease_queue import LeasedJob

LIMITS = EnqueueLimits(messages=100, job_ttl_seconds=600, lane_ttl_seconds=120)


class Door:
    """A gateway's way to the queue and back."""

    def __init__(self, broker: Broker) -> None:
        self.clock = ManualClock(NOW)
        self.canceller = RedisJobCanceller(broker.client, self.clock, LIMITS)
        self.jobs = RedisJobStore(broker.client, self.canceller.expire_overdue, self.clock)
        self.publisher = RedisPublisher(broker.client, LIMITS)

    def send(self, name: str, conversation: str = "talk") -> ChatJob:
        """Accept a message now that is worth an answer for 30 s."""
        now = self.clock.now()
        sent = ChatJob(name, "text", conversation, now, expires_at=now + 30, gateway="g")
        self.publisher.submit(EnqueueRequest.of(sent))
        return sent

    def state(self, name: str) -> str | None:
        record = self.jobs.find(name)
        return record.state if record else None


@pytest.fixture
def door(broker: Broker) -> Door:
    return Door(broker)


def purge(broker: Broker) -> None:
    """Do what `celery purge` does."""
    broker.client.delete(*QueueLists().of(keys.INFERENCE), *QueueLists().of(keys.SENTIMENT))


def test_a_purged_message_ends_as_expired_once_its_time_is_over(broker: Broker, door: Door) -> None:
    door.send("purged")
    with broker.client.pubsub() as heard:  # type: ignore[no-untyped-call]
        heard.subscribe(keys.replies("g"), keys.result("purged"))
        purge(broker)
        assert door.state("purged") == "queued"
        door.clock.advance(30)
        assert door.state("purged") == "expired"
        told = [heard.get_message(timeout=1) for _ in range(4)]
    channels = {message["channel"] for message in told if message and message["type"] == "message"}
    assert channels == {keys.replies("g").encode(), keys.result("purged").encode()}
    record = broker.result("purged")
    assert record is not None
    assert record.state == "expired"
    assert not broker.client.exists(keys.lane("talk"), keys.job("purged"))


def test_an_event_stream_of_a_purged_message_gets_its_end(broker: Broker, door: Door) -> None:
    door.send("purged")
    purge(broker)
    follower = RedisJobFollower(broker.client, "g", 60, door.canceller.expire_overdue, door.clock)
    progress = follower.follow("purged", 0)
    assert progress is not None
    assert progress.state == "queued"
    door.clock.advance(30)
    end = follower.follow("purged", 0)
    assert isinstance(end, JobRecord)
    assert end.state == "expired"


def test_a_message_that_a_worker_has_begun_is_not_ended_so(broker: Broker, door: Door) -> None:
    sent = door.send("begun")
    worker = broker.inference("w")
    [lease] = worker.lease(1)
    assert claim(worker, lease, sent) == "run"
    door.clock.advance(60)
    assert door.state("begun") == "started"
    assert worker.complete([done(lease, sent)]) == ["applied"]
    assert door.state("begun") == "done"


def test_a_conversation_goes_on_after_a_purge_without_waiting_for_its_lane(
    broker: Broker, door: Door
) -> None:
    door.send("purged")
    purge(broker)
    door.clock.advance(32)
    door.send("next")
    assert len(broker.waiting(keys.INFERENCE)) == 1
    assert broker.client.get(keys.lane("talk")) == b"next"


def test_what_is_parked_behind_a_purged_message_comes_first(broker: Broker, door: Door) -> None:
    door.send("purged")
    door.clock.advance(20)
    parked = door.send("parked")
    purge(broker)
    door.clock.advance(12)
    door.send("next")
    worker = broker.inference("w")
    [lease] = worker.lease(5)
    assert claim(worker, lease, parked) == "run"
    worker.complete([done(lease, parked)])
    assert broker.client.get(keys.lane("talk")) == b"next"


def test_after_flushall_all_comes_back_and_no_token_comes_twice(broker: Broker, door: Door) -> None:
    push(broker, job("before"))
    worker = broker.inference("w")
    worker.heartbeat(status("w"))
    [old] = worker.lease(1)
    broker.client.flushall()
    broker.client.script_flush()
    push(broker, job("after"))
    [new] = worker.lease(1)
    assert new.token != old.token
    assert worker.complete([done(old, job("before"))]) == ["lost"]
    assert worker.claim([LeasedJob(new, job("after"))])[0].verdict == "run"
    worker.heartbeat(status("w"))
    assert broker.client.zscore(keys.workers(keys.INFERENCE), "w") is not None
    assert worker.complete([done(new, job("after"))]) == ["applied"]
    door.send("from-the-gateway")
    assert len(broker.waiting(keys.INFERENCE)) == 1


def test_an_end_that_celery_stored_is_told_to_those_who_wait(broker: Broker, door: Door) -> None:
    sent = door.send("revoked")
    body = encode_failure(Failure("cancelled", "revoked"))
    broker.client.set(keys.result("revoked"), celery_result("revoked", "cancelled", body, NOW))
    worker = broker.inference("w")
    [lease] = worker.lease(1)
    assert claim(worker, lease, sent) == "cancelled"
    with broker.client.pubsub() as heard:  # type: ignore[no-untyped-call]
        heard.subscribe(keys.replies("g"))
        told = [heard.get_message(timeout=10)]  # before anything is sent
        assert worker.complete([done(lease, sent, "cancelled")]) == ["duplicate"]
        told += [heard.get_message(timeout=10)]
    assert [message["type"] for message in told if message] == ["subscribe", "message"]
    assert not broker.client.hexists(keys.job("revoked"), "watchers")


@pytest.mark.parametrize(("stored", "verdict"), [("ABORTED", "cancelled"), ("STARTED", "run")])
def test_a_state_that_celerys_tools_store_is_no_end(
    broker: Broker, door: Door, stored: str, verdict: str
) -> None:
    """Flower's abort stores ABORTED, for which no client's `get` returns."""
    sent = door.send("a")
    meta = f'{{"status": "{stored}", "result": null, "traceback": null, "task_id": "a"}}'
    broker.client.set(keys.result("a"), meta)
    assert door.state("a") == "queued"
    worker = broker.inference("w")
    [lease] = worker.lease(1)
    assert claim(worker, lease, sent) == verdict
    end = done(lease, sent, "cancelled" if verdict == "cancelled" else "done")
    assert worker.complete([end]) == ["applied"]
    assert door.state("a") == ("cancelled" if verdict == "cancelled" else "done")

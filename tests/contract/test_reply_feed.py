"""The reply feed wakes the requests that wait, and looks up what was published unheard."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import redis

from gateway.queue.job_store import RedisJobStore
from gateway.queue.pending_replies import PendingReplies
from gateway.queue.reply_feed import RedisReplyFeed
from gateway.queue.watches import StreamPlaces, Watches
from shared import keys, results
from shared.results import JobRecord

BODY = b'{"response":"Hello"}'
DONE = JobRecord("done", BODY)


@dataclass
class Harness:
    feed: RedisReplyFeed
    pending: PendingReplies
    streams: Watches
    client: redis.Redis
    delivered: list[int]

    def publish(self, *job_ids: str) -> None:
        lines = [results.encode_notification(job_id, "done", BODY) for job_id in job_ids]
        self.client.publish(keys.replies("g"), b"\n".join(lines))

    def store(self, job_id: str) -> None:
        result = results.celery_result(job_id, "done", BODY, 1.0)
        self.client.set(keys.result(job_id), result)


@pytest.fixture
def unstarted(redis_client: "redis.Redis") -> Iterator[Harness]:
    pending, delivered = PendingReplies(), list[int]()
    finished = RedisJobStore(redis_client).finished
    streams = Watches(StreamPlaces(9))
    feed = RedisReplyFeed(
        redis_client, "g", pending, finished, streams, on_delivery=delivered.append
    )
    yield Harness(feed, pending, streams, redis_client, delivered)
    feed.stop()


@pytest.fixture
def harness(unstarted: Harness) -> Harness:
    unstarted.feed.start()
    assert unstarted.feed.wait_until_live(10)
    return unstarted


def test_one_publication_wakes_all_it_names(harness: Harness) -> None:
    waiting = [harness.pending.register(f"job-{number}") for number in range(3)]

    harness.publish(*(reply.job_id for reply in waiting))

    assert [reply.wait(10) for reply in waiting] == [DONE] * 3


def test_replies_that_no_request_waits_for_are_dropped(harness: Harness) -> None:
    reply = harness.pending.register("mine")

    harness.publish("other")
    harness.publish("mine")

    assert reply.wait(10) == DONE


def test_a_reply_stored_before_the_subscription_stood_is_found(unstarted: Harness) -> None:
    early, late = unstarted.pending.register("early"), unstarted.pending.register("late")
    unstarted.store("early")

    unstarted.feed.start()

    assert early.wait(10) == DONE
    assert unstarted.pending.job_ids() == ["late"]
    assert unstarted.feed.wait_until_live(10)
    assert unstarted.delivered == [1]
    unstarted.publish("late")
    assert late.wait(10) == DONE


def test_what_a_broken_connection_missed_is_found(harness: Harness) -> None:
    missed = harness.pending.register("missed")
    harness.store("missed")

    harness.client.client_kill_filter(_type="pubsub")

    assert missed.wait(10) == DONE


def test_a_publication_that_cannot_be_read_is_survived(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    reply = harness.pending.register("mine")

    for payload in (b"", b"mine", b"mine done", b"mine unheard-of {}", b"\xff done {}"):
        harness.client.publish(keys.replies("g"), payload)
    harness.publish("mine")

    assert reply.wait(10) == DONE
    assert caplog.text.count("a payload of replies could not be read") == 5


def test_the_streams_of_a_job_are_woken_by_each_step_and_by_what_was_unheard(
    harness: Harness,
) -> None:
    mine, others = harness.streams.watch("mine"), harness.streams.watch("others")
    step = results.encode_notification("mine", "started", b"{}")

    harness.client.publish(keys.replies("g"), step)
    mine.wait(10)
    harness.publish("mine")
    mine.wait(10)

    assert harness.delivered == [0, 0, 0]  # no request waits for it
    assert not others._news.is_set()

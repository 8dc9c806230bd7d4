"""Every reply feed wakes who waits; the Redis one also after all that can cut it off."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from gateway.queue.job_store import RedisJobStore
from gateway.queue.pending_replies import PendingReplies
from gateway.queue.reply_feed import MemoryReplyFeed, RedisReplyFeed, ReplyFeed
from shared import keys, results
from shared.connection import connect
from shared.results import JobRecord
from tests.processes import RedisServer, free_port, wait_until

BODY = b'{"response":"Hello"}'
DONE = JobRecord("done", BODY)


@dataclass
class Bench:
    feed: ReplyFeed
    room: PendingReplies
    announce: Callable[[bytes], object]


@pytest.fixture(params=["memory", "redis"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    room = PendingReplies()
    if request.param == "memory":
        memory = MemoryReplyFeed(room)
        yield Bench(memory, room, memory.announce)
        return
    client: redis.Redis = request.getfixturevalue("redis_client")
    feed = listen(client, room)
    assert feed.wait_until_live(10)
    yield Bench(feed, room, lambda payload: client.publish(keys.replies("g"), payload))
    feed.stop()


def listen(client: "redis.Redis", room: PendingReplies) -> RedisReplyFeed:
    feed = RedisReplyFeed(client, "g", room, RedisJobStore(client).finished, idle_seconds=0.1)
    feed.start()
    return feed


def test_a_feed_that_listens_is_live(bench: Bench) -> None:
    assert bench.feed.is_live()


def test_one_publication_wakes_all_it_names(bench: Bench) -> None:
    waiting = [bench.room.expect(f"job-{number}") for number in range(3)]
    lines = [results.encode_notification(awaited.job_id, "done", BODY) for awaited in waiting]

    bench.announce(b"\n".join(lines))

    assert [awaited.wait(10) for awaited in waiting] == [DONE] * 3


def test_replies_for_nobody_are_dropped(bench: Bench) -> None:
    awaited = bench.room.expect("mine")

    bench.announce(results.encode_notification("other", "done", BODY))
    bench.announce(results.encode_notification("mine", "done", BODY))

    assert awaited.wait(10) == DONE


def store(client: "redis.Redis", job_id: str) -> None:
    client.set(keys.result(job_id), results.celery_result(job_id, "done", BODY, 1.0))


def end(client: "redis.Redis", job_id: str) -> None:
    """Store and announce in one step, as a worker does."""
    with client.pipeline(transaction=True) as step:
        step.set(keys.result(job_id), results.celery_result(job_id, "done", BODY, 1.0))
        step.publish(keys.replies("g"), results.encode_notification(job_id, "done", BODY))
        step.execute()


def test_a_reply_stored_before_the_subscription_stood_is_found(
    redis_client: "redis.Redis",
) -> None:
    room = PendingReplies()
    early, late = room.expect("early"), room.expect("late")
    store(redis_client, "early")

    feed = listen(redis_client, room)

    assert early.wait(10) == DONE
    assert room.job_ids() == ["late"]
    redis_client.publish(keys.replies("g"), results.encode_notification("late", "done", BODY))
    assert late.wait(10) == DONE
    feed.stop()


def test_a_cut_connection_is_restored_and_what_was_missed_is_found(
    redis_client: "redis.Redis",
) -> None:
    room = PendingReplies()
    feed = listen(redis_client, room)
    assert feed.wait_until_live(10)
    missed = room.expect("missed")
    store(redis_client, "missed")

    redis_client.client_kill_filter(_type="pubsub")

    assert missed.wait(10) == DONE
    feed.stop()


def test_an_announcement_that_cannot_be_read_is_survived(
    redis_client: "redis.Redis", caplog: pytest.LogCaptureFixture
) -> None:
    room = PendingReplies()
    feed = listen(redis_client, room)
    assert feed.wait_until_live(10)
    awaited = room.expect("mine")

    for payload in (b"", b"mine", b"mine done", b"mine unheard-of {}", b"\xff done {}"):
        redis_client.publish(keys.replies("g"), payload)
    redis_client.publish(keys.replies("g"), results.encode_notification("mine", "done", BODY))

    assert awaited.wait(10) == DONE
    assert "could not be read" in caplog.text
    feed.stop()


def test_a_quiet_connection_stays(redis_client: "redis.Redis") -> None:
    room = PendingReplies()
    feed = RedisReplyFeed(
        redis_client, "g", room, RedisJobStore(redis_client).finished, idle_seconds=0.02
    )
    feed.start()
    assert feed.wait_until_live(10)
    [connection] = redis_client.client_list(_type="pubsub")

    def pinged() -> bool:
        [now] = redis_client.client_list(_type="pubsub")
        return int(now["tot-net-in"]) > int(connection["tot-net-in"]) + 100

    wait_until(pinged, 10)
    [after] = redis_client.client_list(_type="pubsub")
    assert after["id"] == connection["id"]
    feed.stop()


def test_a_server_that_comes_late_or_comes_back_is_found(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    client = connect(server.url, timeout_seconds=0.5)
    room = PendingReplies()
    feed = listen(client, room)
    assert not feed.wait_until_live(0.2)
    with server:
        assert feed.wait_until_live(10)
        server.kill()
        wait_until(lambda: not feed.is_live(), 10)
        awaited = room.expect("a")
        server.start()
        end(client, "a")
        assert awaited.wait(10) == DONE
    feed.stop()


def test_a_server_that_is_never_there_ends_no_thread() -> None:
    client = connect(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=0.2)
    feed = listen(client, PendingReplies())

    assert not feed.wait_until_live(0.1)
    assert not feed.is_live()
    feed.stop()

"""What follows a job's end is sent as a worker of Celery's would send it, and is never lost."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import redis
from celery import Celery, chain, chord, group
from celery.result import denied_join_result

from shared import keys
from shared.errors import QueueUnavailable
from shared.follow_ups import EndedTask, children_of, encode_ended
from shared.jobs import FollowUps, JobState
from shared.results import Failure, JobRecord, celery_result, encode_failure
from shared.task_message import decode
from shared.wire import read_chat_job
from tests.fakes.clock import ManualClock
from tests.fakes.tracing import PARENT
from tests.support.processes import wait_until
from workers.follow_ups.dispatch import FollowUpDispatcher, follow_up_app
from workers.follow_ups.outbox import RedisFollowUpOutbox
from workers.follow_ups.sender import TRY_SECONDS, FollowUpSender

# Celery's own backend calls what redis-py has renamed.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")

REPLY = b'{"response":"Hello","job_id":"j","conversation_id":"talk"}'
ASKED = {"message": "How can I pay?"}


@dataclass
class Shop:
    """A team's Celery application, Parley's sender beside it, and what lies on their queues."""

    url: str
    client: redis.Redis
    clock: ManualClock = field(default_factory=ManualClock)
    given_up: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = Celery("shop", broker=self.url, backend=self.url, set_as_current=False)
        self.infer = self.app.signature("chat.infer", queue="inference", args=[ASKED])
        self.ship = self.app.signature("shop.ship", queue="shop")
        self.parley = follow_up_app(self.url, 60)
        self.dispatcher: Any = FollowUpDispatcher(self.parley)
        self.sender = self.hire()

    def hire(self) -> FollowUpSender:
        outbox = RedisFollowUpOutbox(self.client)
        return FollowUpSender(outbox, self.dispatcher, self.clock, lambda: self.given_up.append(1))

    def take(self, queue: str = keys.INFERENCE) -> list[bytes]:
        """Take all messages off a queue, the oldest first."""
        taken: list[bytes] = self.client.lrange(queue, 0, -1)  # type: ignore[assignment]
        self.client.delete(queue)
        return taken[::-1]

    def end(self, raw: bytes, state: JobState = "done") -> None:
        """End a job as a completion does, then send what follows."""
        body = REPLY if state == "done" else encode_failure(Failure(state, "It broke."))
        job = read_chat_job(raw, self.clock.now())
        children = children_of(job.follow_ups) if job.follow_ups else []
        result = celery_result(job.id, state, body, 1.0, children=children)
        self.client.set(keys.result(job.id), result)
        if job.follow_ups:
            ended = EndedTask(job.id, state, 1.0, msgspec.Raw(body), job.follow_ups, job.trace)
            self.client.rpush(keys.FOLLOW_UPS, encode_ended(ended))
        while self.sender.send_next():
            pass

    def shipped(self) -> list[Any]:
        """Return the arguments of the tasks on the shop's own queue."""
        return [decode(raw).args for raw in self.take("shop")]

    def failure(self, task_id: str) -> str:
        """Return why a task failed, as its client sees it."""
        meta = self.app.backend.get_task_meta(task_id)
        assert meta["status"] == "FAILURE"
        return str(meta["result"])

    def dead(self) -> list[str]:
        letters: list[bytes] = self.client.lrange(keys.DEAD_LETTERS, 0, -1)  # type: ignore[assignment]
        return [json.loads(letter)["reason"] for letter in letters]


@pytest.fixture
def shop(redis_url: str, redis_client: redis.Redis) -> Iterator[Shop]:
    with denied_join_result():  # nobody subscribes to results
        shop = Shop(redis_url, redis_client)
        yield shop
    for app in (shop.app, shop.parley):
        # Results of chords refer to each other, and unsubscribe when they are collected.
        app.backend.result_consumer.subscribed_to.clear()
        app.backend.result_consumer.stop()
        app.backend.client.connection_pool.disconnect()
        app.close()


def test_a_callback_gets_the_reply(shop: Shop) -> None:
    shop.infer.apply_async(link=[shop.ship, shop.ship.clone(args=[7])])
    (raw,) = shop.take()
    shop.end(raw)
    assert shop.shipped() == [[json.loads(REPLY)], [json.loads(REPLY), 7]]
    assert shop.client.exists(keys.FOLLOW_UPS, keys.FOLLOW_UPS_SENDING) == 0


def test_what_follows_belongs_to_the_trace_and_keeps_headers_of_its_own(shop: Shop) -> None:
    shipped = shop.ship.clone()
    shipped.options["headers"] = {"colour": "red"}
    shop.infer.apply_async(link=shipped, headers={"traceparent": PARENT, "tracestate": "a=1"})
    (raw,) = shop.take()
    shop.end(raw)
    (following,) = [decode(each).headers for each in shop.take("shop")]
    expected = {"traceparent": PARENT, "tracestate": "a=1", "colour": "red"}
    assert {name: following.get(name) for name in expected} == expected


def test_a_chain_stays_in_its_trace(shop: Shop) -> None:
    shop.infer.set(headers={"traceparent": PARENT})
    chain(shop.infer, shop.ship, shop.ship).apply_async()
    (raw,) = shop.take()
    shop.end(raw)
    (following,) = [decode(each).headers for each in shop.take("shop")]
    assert following["traceparent"] == PARENT


def test_a_result_names_the_tasks_that_follow(shop: Shop) -> None:
    asked = shop.infer.clone()
    asked.link(shop.ship)
    asked.link(chain(shop.ship, shop.ship))  # Celery itself finds its id when it is sent
    members = group(shop.ship, shop.ship)
    last = chain(asked, members).apply_async()
    (raw,) = shop.take()
    shop.end(raw)

    linked, grouped = shop.app.AsyncResult(decode(raw).id).children

    sent = {decode(message).id for message in shop.take("shop")}
    assert {linked.id, *(each.id for each in grouped.children)} < sent
    assert grouped.id == last.id


def test_a_result_names_the_chord_that_follows(shop: Shop) -> None:
    last = chain(shop.infer, chord([shop.infer, shop.infer], shop.ship)).apply_async()
    (raw,) = shop.take()
    shop.end(raw)
    (body,) = shop.app.AsyncResult(decode(raw).id).children
    assert body.id == last.id


def test_an_immutable_callback_gets_its_own_arguments(shop: Shop) -> None:
    shop.infer.apply_async(link=shop.ship.clone(args=[7]).set(immutable=True))
    shop.end(shop.take()[0])
    assert shop.shipped() == [[7]]


def test_a_chain_goes_on_step_by_step(shop: Shop) -> None:
    again = shop.app.signature("chat.infer", queue="inference", args=[ASKED])
    result = chain(shop.infer, again, shop.ship, app=shop.app).apply_async()
    shop.end(shop.take()[0])
    (second,) = shop.take()
    job = read_chat_job(second, 1.0)
    assert (job.id, job.conversation_id) == (result.parent.id, "talk")
    shop.end(second)
    (last,) = shop.take("shop")
    task = decode(last)
    assert (task.id, task.args) == (result.id, [json.loads(REPLY)])
    assert task.headers["root_id"] == result.parent.parent.id


@pytest.mark.parametrize("state", ["failed", "cancelled", "expired"])
def test_a_chain_that_breaks_tells_the_one_who_waits_for_its_end(
    shop: Shop, state: JobState
) -> None:
    result = chain(shop.infer, shop.ship, shop.ship, app=shop.app).apply_async()
    shop.end(shop.take()[0], state)
    assert shop.failure(result.id) == "It broke."
    assert shop.shipped() == []


def test_a_chord_is_counted_part_by_part_and_once(shop: Shop) -> None:
    chord(group([shop.infer, shop.infer], app=shop.app), shop.ship, app=shop.app).apply_async()
    first, second = shop.take()
    shop.end(first)
    shop.end(first)
    assert shop.shipped() == []
    shop.end(second)
    shop.end(second)
    assert shop.shipped() == [[[json.loads(REPLY)] * 2]]


def test_a_chord_whose_part_fails_fails(shop: Shop) -> None:
    header = group([shop.infer, shop.infer], app=shop.app)
    result = chord(header, shop.ship, app=shop.app).apply_async()
    first, second = shop.take()
    shop.end(first)
    shop.end(second, "failed")
    assert "JobFailed('It broke.')" in shop.failure(result.id)
    assert shop.shipped() == []


def test_errbacks_are_told_of_a_failure_and_callbacks_are_not(shop: Shop) -> None:
    told = shop.app.signature("shop.apologise", queue="shop")
    sent = shop.infer.apply_async(link=shop.ship, link_error=told)
    shop.end(shop.take()[0], "failed")
    (task,) = [decode(raw) for raw in shop.take("shop")]
    assert (task.task, task.args) == ("shop.apologise", [sent.id])


def test_a_task_that_was_revoked_has_no_errbacks(shop: Shop) -> None:
    shop.infer.apply_async(link_error=shop.ship)
    shop.end(shop.take()[0], "cancelled")
    assert shop.shipped() == []


def test_a_group_needs_nothing(shop: Shop) -> None:
    group([shop.infer, shop.infer], app=shop.app).apply_async()
    first, second = shop.take()
    shop.end(first)
    shop.end(second)
    assert shop.client.exists(keys.FOLLOW_UPS) == 0


def test_what_the_client_sees_as_the_end_counts(shop: Shop) -> None:
    shop.infer.apply_async(link=shop.ship)
    (raw,) = shop.take()
    job = read_chat_job(raw, 1.0)
    assert job.follow_ups is not None
    cancelled = encode_failure(Failure("cancelled", "Not wanted."))
    shop.client.set(keys.result(job.id), celery_result(job.id, "cancelled", cancelled, 1.0))
    ended = EndedTask(job.id, "done", 1.0, msgspec.Raw(REPLY), job.follow_ups)
    shop.client.rpush(keys.FOLLOW_UPS, encode_ended(ended))
    assert shop.sender.send_next()
    assert shop.shipped() == []


class Unreachable:
    """Stands in for Celery without a broker."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.down = True

    def send(self, ended: EndedTask, _record: JobRecord) -> None:
        if self.down:
            raise QueueUnavailable("down")
        self.sent.append(ended.id)


def test_what_was_not_sent_is_sent_later(shop: Shop) -> None:
    shop.dispatcher = dispatcher = Unreachable()
    sender = shop.hire()
    ended = EndedTask("a", "done", 1.0, msgspec.Raw(REPLY), FollowUps(callbacks=[{"task": "x"}]))
    shop.client.rpush(keys.FOLLOW_UPS, encode_ended(ended))
    with pytest.raises(QueueUnavailable):
        sender.send_next()
    dispatcher.down = False
    assert not sender.send_next()
    shop.clock.advance(TRY_SECONDS + 1)
    assert sender.send_next()
    assert dispatcher.sent == ["a"]
    assert not sender.send_next()


def test_one_faulty_callback_keeps_nothing_else_back(shop: Shop) -> None:
    broken = shop.ship.clone().set(countdown="soon")
    result = chain(shop.infer.clone().set(link=[broken, shop.ship]), shop.ship, app=shop.app)
    result.apply_async()
    shop.end(shop.take()[0])
    assert len(shop.shipped()) == 2
    assert len(shop.dead()) == 1


def test_a_chain_that_cannot_go_on_tells_the_one_who_waits(shop: Shop) -> None:
    broken = shop.ship.clone().set(countdown="soon")
    result = chain(shop.infer, broken, shop.ship, app=shop.app).apply_async()
    shop.end(shop.take()[0])
    assert "next step of the chain cannot be sent" in shop.failure(result.id)


@pytest.mark.parametrize("written", [b"junk", None])
def test_what_can_never_be_sent_becomes_a_dead_letter(shop: Shop, written: bytes | None) -> None:
    faulty = EndedTask("a", "done", 1.0, msgspec.Raw(REPLY), FollowUps(callbacks=["no signature"]))
    shop.client.rpush(keys.FOLLOW_UPS, written or encode_ended(faulty))
    assert shop.sender.send_next()
    assert not shop.sender.send_next()
    assert len(shop.dead()) == len(shop.given_up) == 1
    assert 0 < shop.client.ttl(keys.DEAD_LETTERS) <= keys.DEAD_LETTER_TTL_SECONDS


class FaultyOutbox(RedisFollowUpOutbox):
    """Fails to give one up, in a way that nobody has thought of."""

    def give_up(self, ended: bytes, task_id: str | None, reason: str, at: float) -> None:
        raise ValueError("switched on by a test")


def test_the_thread_outlives_any_fault(shop: Shop) -> None:
    shop.dispatcher = dispatcher = Unreachable()
    dispatcher.down = False
    sender = FollowUpSender(FaultyOutbox(shop.client), shop.dispatcher, shop.clock)
    ended = EndedTask("a", "done", 1.0, msgspec.Raw(REPLY), FollowUps(callbacks=[{"task": "x"}]))
    shop.client.rpush(keys.FOLLOW_UPS, b"junk", encode_ended(ended))
    sender.start()
    wait_until(lambda: dispatcher.sent == ["a"], 5)
    sender.stop()
    assert shop.client.zrange(keys.FOLLOW_UPS_SENDING, 0, -1) == [b"junk"]


def test_an_outage_is_told_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(RedisFollowUpOutbox):
        calls = 0

        def take(self, now: float, due_again: float) -> bytes | None:
            self.calls += 1
            if self.calls < 5:
                raise QueueUnavailable("switched off by a test")
            return super().take(now, due_again)

    monkeypatch.setattr("workers.follow_ups.sender._POLL_SECONDS", 0.01)
    caplog.set_level("INFO", "workers.follow_ups.sender")
    outbox = Away(shop.client)
    sender = FollowUpSender(outbox, shop.dispatcher, shop.clock)
    sender.start()
    wait_until(lambda: outbox.calls > 6, 5)
    sender.stop()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_the_thread_sends_when_it_is_woken(shop: Shop) -> None:
    shop.dispatcher = dispatcher = Unreachable()
    dispatcher.down = False
    sender = shop.hire()
    sender.start()
    ended = EndedTask("a", "done", 1.0, msgspec.Raw(REPLY), FollowUps(callbacks=[{"task": "x"}]))
    shop.client.rpush(keys.FOLLOW_UPS, encode_ended(ended))
    sender.wake()
    wait_until(lambda: dispatcher.sent == ["a"], 5)
    sender.stop()

"""The age of the oldest message of each queue, in whichever list it waits."""

from dataclasses import replace

import msgspec
import pytest
import redis

from gateway.oldest_messages import OldestMessages
from shared import keys
from shared.queue_lists import QueueLists
from shared.wire import encode_infer, encode_tone
from tests.contract.broker import job

NOW = 1_800_000_000.0


class Stand:
    """A queue whose clock a test turns."""

    def __init__(self, client: "redis.Redis") -> None:
        self.client, self.now = client, NOW
        self.oldest = OldestMessages(client, QueueLists(), lambda: self.now)

    def push(self, key: str, *seconds_ago: float) -> None:
        """Put messages at the tail of a list."""
        for ago in seconds_ago:
            accepted = replace(job("a"), accepted_at=NOW - ago)
            self.client.lpush(key, encode_infer(accepted))


@pytest.fixture
def stand(redis_client: "redis.Redis") -> Stand:
    return Stand(redis_client)


def foreign(**headers: object) -> bytes:
    """Return a message as another client writes it."""
    return msgspec.json.encode({"headers": headers, "body": ""})


def test_nothing_waits(stand: Stand) -> None:
    assert stand.oldest.ages() == dict.fromkeys(keys.QUEUES, 0.0)


def test_the_head_is_the_oldest_of_a_list(stand: Stand) -> None:
    stand.push(keys.INFERENCE, 9, 4)
    stand.client.lpush(keys.SENTIMENT, encode_tone(replace(job("a"), accepted_at=NOW - 3)))
    ages = stand.oldest.ages()
    assert ages[keys.INFERENCE] == pytest.approx(9)
    assert ages[keys.SENTIMENT] == pytest.approx(3)


def test_other_priorities_and_other_tenants_wait_too(stand: Stand) -> None:
    stand.push(keys.INFERENCE, 1)
    stand.push(f"{keys.INFERENCE}\x06\x165", 20)
    assert stand.oldest.ages()[keys.INFERENCE] == pytest.approx(20)
    stand.push(keys.flow(keys.INFERENCE, "acme"), 70, 2)
    stand.client.zadd(keys.flows(keys.INFERENCE), {"acme": 1, "default": 2})
    assert stand.oldest.ages()[keys.INFERENCE] == pytest.approx(70)


def test_the_word_that_wakes_is_no_message(stand: Stand) -> None:
    stand.client.rpush(keys.INFERENCE, keys.WAKE)
    assert stand.oldest.ages()[keys.INFERENCE] == 0.0
    stand.push(keys.INFERENCE, 8)
    assert stand.oldest.ages()[keys.INFERENCE] == pytest.approx(8)


@pytest.mark.parametrize(
    "message",
    [
        foreign(task="chat.infer"),
        foreign(parley_accepted_at=1e300),
        foreign(parley_accepted_at="x"),
        foreign(eta="x"),
        foreign(eta=7),
        b"[]",
        b"\xff",
    ],
)
def test_a_message_that_says_no_time_is_as_old_as_it_was_seen(stand: Stand, message: bytes) -> None:
    stand.client.lpush(keys.INFERENCE, message)
    assert stand.oldest.ages()[keys.INFERENCE] == 0.0
    stand.now += 30
    assert stand.oldest.ages()[keys.INFERENCE] == pytest.approx(30)
    stand.client.rpop(keys.INFERENCE)
    stand.client.lpush(keys.INFERENCE, foreign(task="another"))
    assert stand.oldest.ages()[keys.INFERENCE] == 0.0


def test_a_message_waits_from_when_it_is_due(stand: Stand) -> None:
    due = "2027-01-15T07:59:50+00:00"  # ten seconds before NOW
    stand.client.lpush(keys.INFERENCE, foreign(parley_accepted_at=NOW - 99, eta=due))
    assert stand.oldest.ages()[keys.INFERENCE] == pytest.approx(10)


def test_a_clock_that_is_ahead_makes_no_negative_age(stand: Stand) -> None:
    stand.push(keys.INFERENCE, -5)
    assert stand.oldest.ages()[keys.INFERENCE] == 0.0

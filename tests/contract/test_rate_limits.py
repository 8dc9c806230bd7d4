"""Token buckets in a real Redis, against a model, by a clock that the test sets."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.idempotency import IdempotencyKey
from gateway.queue.publisher import EnqueueRequest, ExistingJob, Queued, RedisPublisher
from gateway.queue.rate_limiter import Bucket, Charge, RedisRateLimiter
from shared import keys
from shared.errors import RateLimited
from shared.rate_limits import RateLimit
from shared.scripts import register_script
from tests.support.processes import RedisServer
from tests.support.queue_view import LIMITS, QueueView, job

CLOCK = "test:clock"
# The script's own name for Redis: its clock is a key, and keys do not run out by the real one.
SHIFTED = f"""
local real = redis
local redis = setmetatable({{call = function(command, ...)
  if command == 'TIME' then
    local now = tonumber(real.call('GET', '{CLOCK}'))
    return {{tostring(math.floor(now / 1000000)), tostring(now % 1000000)}}
  end
  if command == 'SET' then
    local key, value = ...
    return real.call('SET', key, value)
  end
  return real.call(command, ...)
end}}, {{__index = real}})
"""
TWENTY = Bucket("key", "k", RateLimit(20, 40))


@dataclass
class ShiftedLimiter:
    """Take tokens at times that a test sets, in microseconds."""

    client: redis.Redis
    now: int = 1_700_000_000_000_000
    left: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._script = register_script(self.client, "charge.lua", SHIFTED)

    def take(self, *buckets: Bucket) -> int:
        """Return the milliseconds to wait, 0 if a token was taken."""
        self.client.set(CLOCK, self.now)
        arguments = [each for bucket in buckets for each in bucket.arguments]
        wait_ms, *self.left = self._script(keys=(), args=[len(buckets), *arguments])
        return int(wait_ms)


@pytest.fixture
def limiter(redis_client: "redis.Redis") -> ShiftedLimiter:
    return ShiftedLimiter(redis_client)


def test_a_full_bucket_gives_its_burst_and_then_the_rate(limiter: ShiftedLimiter) -> None:
    assert [limiter.take(TWENTY) for _ in range(40)] == [0] * 40
    assert limiter.left == [0, 2_000]
    assert limiter.take(TWENTY) == 50
    limiter.now += 49_999
    assert limiter.take(TWENTY) == 1
    limiter.now += 1
    assert limiter.take(TWENTY) == 0
    assert limiter.take(TWENTY) == 50


def test_a_refused_request_takes_nothing_from_any_bucket(limiter: ShiftedLimiter) -> None:
    empty = Bucket("address", "a", RateLimit(1, 1))
    assert limiter.take(empty) == 0
    assert limiter.take(TWENTY, empty) == 1_000
    assert limiter.left == [40, 0, 0, 1_000]
    assert limiter.take(TWENTY) == 0
    assert limiter.left[0] == 39


def test_a_clock_that_is_set_back_costs_no_more_than_one_burst(limiter: ShiftedLimiter) -> None:
    for _ in range(40):
        limiter.take(TWENTY)
    limiter.now -= 3_600_000_000
    assert limiter.take(TWENTY) == 50


def test_a_smaller_limit_counts_at_once(limiter: ShiftedLimiter) -> None:
    for _ in range(40):
        limiter.take(TWENTY)
    assert limiter.take(Bucket("key", "k", RateLimit(10, 1))) == 100


@dataclass
class Model:
    """A bucket with exact arithmetic: tokens in millionths of an interval."""

    interval: int
    burst: int
    tokens: int = 0
    at: int = 0

    def __post_init__(self) -> None:
        self.tokens = self.burst * self.interval

    def take(self, now: int) -> bool:
        self.tokens = min(self.burst * self.interval, self.tokens + now - self.at)
        self.at = now
        if self.tokens < self.interval:
            return False
        self.tokens -= self.interval
        return True


@settings(max_examples=40)
@given(
    rate=st.fractions(min_value=1, max_value=10_000),
    burst=st.integers(1, 50),
    steps=st.lists(
        st.one_of(st.just(0), st.integers(0, 10), st.integers(0, 2_000_000)), max_size=60
    ),
)
def test_never_more_than_burst_and_rate_are_let_through(
    redis_server: RedisServer, rate: float, burst: int, steps: Sequence[int]
) -> None:
    limit = RateLimit(float(rate), burst)
    with redis.Redis.from_url(redis_server.url) as client:
        client.delete(keys.rate_limit("key:k"))
        limiter = ShiftedLimiter(client)
        model = Model(limit.interval_us, burst, at=limiter.now)
        began, admitted = limiter.now, 0
        for step in steps:
            limiter.now += step
            taken = limiter.take(Bucket("key", "k", limit)) == 0
            assert taken is model.take(limiter.now)
            assert limiter.left[0] == model.tokens // model.interval
            admitted += taken
            assert admitted <= burst + limit.per_second * (limiter.now - began) / 1e6


def test_the_clock_is_that_of_redis_and_a_full_bucket_leaves_nothing(
    redis_client: "redis.Redis",
) -> None:
    limiter, charge = RedisRateLimiter(redis_client), Charge([TWENTY])
    limiter.take(charge)
    assert charge.states[0].tokens == 39
    assert 0 < redis_client.pttl(keys.rate_limit("key:k")) <= 50
    slow = Bucket("address", "::/64", RateLimit(0.01, 1))
    limiter.take(Charge([slow]))
    with pytest.raises(RateLimited) as refused:
        limiter.take(Charge([slow]))
    assert 90 < refused.value.retry_after_seconds <= 100


@dataclass
class Charged:
    """A publisher whose requests all cost the same."""

    client: redis.Redis
    bucket: Bucket = field(default_factory=lambda: Bucket("key", "k", RateLimit(0.001, 2)))

    def __post_init__(self) -> None:
        self.publisher = RedisPublisher(self.client, LIMITS, take_charge=lambda: self.charge)

    def submit(self, name: str, key: str | None = None) -> Queued | ExistingJob:
        self.charge = Charge([self.bucket])
        named = IdempotencyKey(key, "digest") if key else None
        return self.publisher.submit(EnqueueRequest.of(job(name), named))


def test_a_message_is_charged_in_the_call_that_queues_it(redis_client: "redis.Redis") -> None:
    charged = Charged(redis_client)
    assert charged.submit("a") == Queued(1)
    assert charged.charge.states[0].tokens == 1
    assert charged.submit("b") == Queued(2)
    with pytest.raises(RateLimited):
        charged.submit("c")
    assert charged.charge.states[0].tokens == 0
    assert len(QueueView(redis_client).inference()) == 2


def test_a_repeated_call_is_not_charged_again(redis_client: "redis.Redis") -> None:
    charged = Charged(redis_client)
    charged.submit("a")
    assert charged.submit("a") == Queued(1)
    assert charged.charge.states == []
    charged.submit("b")
    assert charged.charge.states[0].tokens == 0


def test_the_same_idempotency_key_is_charged_again_since_it_is_work(
    redis_client: "redis.Redis",
) -> None:
    charged = Charged(redis_client)
    charged.submit("a", "key")
    assert charged.submit("b", "key") == ExistingJob("a", "a")
    with pytest.raises(RateLimited):
        charged.submit("c", "key")


def test_in_one_call_each_message_has_its_own_buckets(redis_client: "redis.Redis") -> None:
    first, second = Bucket("key", "k", RateLimit(0.001, 2)), Bucket("address", "a", RateLimit(1, 5))
    charges = [Charge([first]), None, Charge([first, second]), Charge([second, first])]
    waiting = iter(charges)
    publisher = RedisPublisher(redis_client, LIMITS, take_charge=lambda: next(waiting))
    outcomes: list[object] = []
    requests = [
        EnqueueRequest.of(job(name), IdempotencyKey(name, "d") if name != "b" else None)
        for name in "abcd"
    ]
    sent = [publisher._charged(request) for request in requests]
    outcomes = list(publisher._enqueue(sent))
    assert outcomes[:3] == [Queued(1), Queued(2), Queued(3)]
    assert isinstance(outcomes[3], RateLimited)
    assert [[state.tokens for state in each.states] for each in charges if each] == [
        [1],
        [0, 4],
        [4, 0],
    ]

"""A day of samples in a real Redis: who may write, what is kept, and what is read back."""

import pytest
import redis

from gateway.dashboard import history, sample
from gateway.dashboard.history import MAX_MINUTES, MAX_SAMPLES, RedisHistory
from gateway.dashboard.live import LiveStatus
from gateway.dashboard.observation import RedisObserver
from gateway.dashboard.traffic_meter import TrafficMeter
from gateway.health import RedisHealth
from gateway.queue.handovers import RedisHandovers
from gateway.queue.traffic import RedisTraffic
from shared import keys
from shared.connection import connect
from shared.counts import day_of
from tests.contract.broker import Broker
from tests.fakes.clock import ManualClock
from tests.support.dashboard_samples import REPLY
from tests.support.dashboard_samples import sample as sample_of

START = 1_800_000_000
SEEN = LiveStatus(at=float(START), served=["inference"], handovers_open=2)
MAX_BYTES = 1_200_000


@pytest.fixture
def kept(redis_url: str, redis_client: redis.Redis) -> RedisHistory:
    return RedisHistory(connect(redis_url))


def test_one_process_is_elected_until_its_turn_is_over(
    kept: RedisHistory, redis_client: redis.Redis
) -> None:
    assert kept.elect("one")
    assert kept.elect("one")
    assert not kept.elect("other")
    assert 0 < redis_client.pttl(keys.DASHBOARD_SAMPLER) <= 1_000 * history.TURN_SECONDS
    redis_client.pexpire(keys.DASHBOARD_SAMPLER, 2_000)
    assert kept.record("one", SEEN, None, None)
    assert redis_client.pttl(keys.DASHBOARD_SAMPLER) > 2_000
    redis_client.delete(keys.DASHBOARD_SAMPLER)
    assert kept.elect("other")
    assert not kept.record("one", SEEN, sample_of(START), sample_of(START))
    assert redis_client.exists(keys.DASHBOARD_SECONDS, keys.DASHBOARD_MINUTES) == 0
    assert redis_client.get(keys.DASHBOARD_SAMPLER) == b"other"


def test_what_is_kept_is_read_back(kept: RedisHistory) -> None:
    assert kept.last_seen() is None
    assert kept.elect("one")
    for at in range(START, START + 60, 5):
        assert kept.record("one", SEEN, sample_of(at, arrivals=at - START), None)
    assert kept.record("one", SEEN, None, sample_of(START + 60))
    now = START + 60
    assert kept.last_seen() == SEEN
    assert [each.arrivals for each in kept.seconds_since(START + 40, now)] == [45, 50, 55]
    assert len(kept.seconds_since(START - 1, now)) == 12
    assert kept.seconds_since(now, now) == []
    assert [each.at for each in kept.minutes_since(START, now)] == [START + 60]


def test_a_call_that_is_repeated_adds_nothing(
    kept: RedisHistory, redis_client: redis.Redis
) -> None:
    kept.elect("one")
    for _ in range(2):
        kept.record("one", SEEN, sample_of(START + 5), sample_of(START))
    assert redis_client.llen(keys.DASHBOARD_SECONDS) == 1
    assert redis_client.llen(keys.DASHBOARD_MINUTES) == 1


def test_samples_of_another_version_are_passed_over(
    kept: RedisHistory, redis_client: redis.Redis
) -> None:
    kept.elect("one")
    redis_client.rpush(keys.DASHBOARD_SECONDS, b"[1, 2]")
    redis_client.set(keys.DASHBOARD_LIVE, b"[]")
    assert kept.last_seen() is None
    kept.record("one", SEEN, sample_of(START), None)
    assert [each.at for each in kept.seconds_since(START - 60, START)] == [START]


def test_a_history_is_bounded_in_number_bytes_and_time(
    kept: RedisHistory, redis_client: redis.Redis
) -> None:
    large = sample_of(START, arrivals=10**6)
    full = sample_of(
        START,
        arrivals=10**6,
        counts=dict.fromkeys(("kind=answer", "ms=50"), 10**6),
        stages=((70_000,) * len(large.stages[0]),) * len(large.stages),
    )
    redis_client.rpush(keys.DASHBOARD_SECONDS, *[sample.encode(full)] * MAX_SAMPLES)
    redis_client.rpush(keys.DASHBOARD_MINUTES, *[sample.encode(full)] * MAX_MINUTES)
    kept.elect("one")
    kept.record("one", SEEN, sample_of(START + 5), sample_of(START + 60))
    assert redis_client.llen(keys.DASHBOARD_SECONDS) == MAX_SAMPLES
    assert redis_client.llen(keys.DASHBOARD_MINUTES) == MAX_MINUTES
    lists = (keys.DASHBOARD_SECONDS, keys.DASHBOARD_MINUTES)
    assert sum(redis_client.memory_usage(name, samples=0) or 0 for name in lists) < MAX_BYTES
    for name in (*lists, keys.DASHBOARD_LIVE, keys.DASHBOARD_SAMPLER):
        assert 0 < redis_client.ttl(name) <= history.DAY_SECONDS


def test_all_that_is_not_finished_is_counted(
    broker: Broker, redis_url: str, redis_client: redis.Redis
) -> None:
    client, clock = connect(redis_url), ManualClock()
    traffic = RedisTraffic(client, clock)
    handovers = RedisHandovers(client, clock, 3_600)
    observer = RedisObserver([client], RedisHealth(client), handovers, traffic, clock)
    assert observer.observe().unfinished == 0
    redis_client.lpush(keys.INFERENCE, "a", "b")
    redis_client.lpush(keys.INFERENCE_LARGE, "c")
    redis_client.lpush(keys.GENERATION, "f")
    redis_client.lpush(keys.SENTIMENT, "t")
    redis_client.zadd(keys.PARKED, {"d": 1})
    redis_client.lpush(keys.quarantine(keys.INFERENCE), "h")
    redis_client.zadd(keys.SCHEDULED, {"e": 1})
    redis_client.lpush(keys.DEAD_LETTERS, "x")
    status = b'{"id":"w","queue":"inference","engine":"e","pid":1,"host":"h","started_at":1.0}'
    redis_client.zadd(keys.workers(keys.INFERENCE), {"w": 1})
    redis_client.set(keys.worker("w"), status)
    redis_client.hset(keys.lease("w"), mapping={"1": "f", "2": "g"})
    now = observer.observe()
    assert now.unfinished == 9
    assert dict(now.waiting) == dict(zip(keys.QUEUES, (2, 1, 1, 1), strict=True))
    assert (now.dead_letters, [worker.id for worker in now.workers]) == (1, ["w"])


def test_growth_is_read_from_the_hashes_of_the_day(
    redis_url: str, redis_client: redis.Redis
) -> None:
    clock = ManualClock()
    meter = TrafficMeter(RedisTraffic(connect(redis_url), clock))
    redis_client.sadd(keys.TENANTS, "acme")
    meter.begin(clock.now())
    for tenant, replies in (("default", 3), ("acme", 2)):
        redis_client.hincrby(keys.counts(day_of(clock.now()), tenant), REPLY, replies)
    assert sum(meter.advance(clock.now())[:6]) == 5

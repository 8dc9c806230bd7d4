"""Who takes the dashboard's samples, and how a minute comes out of them."""

import pytest

from gateway.dashboard.meter import Meter
from gateway.dashboard.observation import Observation
from gateway.dashboard.sample import PoolSample, decode, encode, merge, merge_by_step, slot
from gateway.dashboard.sampler import Sampler
from gateway.dashboard.tally import replies
from gateway.dashboard.traffic_meter import TrafficMeter
from gateway.queue.handovers import HandoverFigures
from shared import keys
from shared.counts import day_of
from shared.errors import QueueUnavailable
from tests.fakes.clock import ManualClock
from tests.fakes.dashboard import FakeHistory
from tests.fakes.operations import FakeTraffic
from tests.support.dashboard_samples import REPLY, sample

START = 1_800_000_000.0  # a full minute


class Watched:
    """What a sampler looks at: one reply comes each second."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.traffic = FakeTraffic()
        self.available = True

    def observe(self) -> Observation:
        if not self.available:
            raise QueueUnavailable("switched off by a test")
        now = self.clock.now()
        counted = self.traffic.days.setdefault(day_of(now), {}).setdefault("default", {})
        counted[REPLY] = int(now - START)
        nothing = HandoverFigures(0, None, 0, None, 0, None)
        return Observation(now + 0.01, dict.fromkeys(keys.QUEUES, 0), {}, 0, [], nothing)


class Gateways:
    """Two gateway processes over one history."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.history = FakeHistory()
        self.watched = Watched(self.clock)
        self.one, self.other = self.start("one"), self.start("other")

    def start(self, name: str) -> Sampler:
        meter = Meter(TrafficMeter(self.watched.traffic))
        return Sampler(name, self.history, self.watched, meter, self.clock)

    def run(self, sampler: Sampler, seconds: int) -> None:
        for _ in range(seconds // 5):
            self.clock.advance(5)
            sampler.sample_once()


@pytest.fixture
def gateways() -> Gateways:
    return Gateways()


def test_one_process_samples(gateways: Gateways) -> None:
    gateways.clock.advance(5)
    assert gateways.one.sample_once()
    assert not gateways.other.sample_once()
    gateways.clock.advance(5)
    assert not gateways.other.sample_once()
    assert gateways.one.sample_once()
    assert [each.at for each in gateways.history.seconds] == [START + 10]
    assert gateways.history.seen is not None


def test_who_takes_over_begins_with_what_there_is(gateways: Gateways) -> None:
    gateways.run(gateways.one, 20)
    gateways.history.sampler = None  # its turn is over
    gateways.run(gateways.other, 15)
    assert not gateways.one.sample_once()
    counted = [(each.at - START, replies(each.counts)) for each in gateways.history.seconds]
    assert counted == [(10, 5), (15, 5), (20, 5), (30, 5), (35, 5)]
    gateways.history.sampler = None
    gateways.run(gateways.one, 10)
    assert replies(gateways.history.seconds[-1].counts) == 5  # not what it had not seen meanwhile


def test_who_was_halted_and_lost_its_turn_writes_nothing(gateways: Gateways) -> None:
    gateways.run(gateways.one, 10)
    written = len(gateways.history.seconds)
    observe = gateways.watched.observe

    def slowly() -> Observation:
        gateways.history.sampler = "other"
        return observe()

    gateways.watched.observe = slowly  # type: ignore[method-assign]
    assert not gateways.one.sample_once()
    assert len(gateways.history.seconds) == written


def test_every_sample_is_in_one_minute(gateways: Gateways) -> None:
    gateways.run(gateways.one, 185)
    minutes = gateways.history.minutes
    assert [each.at - START for each in minutes] == [60, 120, 180]
    assert [replies(each.counts) for each in minutes] == [55, 60, 60]  # the first look: no sample
    assert [each.seconds for each in minutes] == [55.0, 60.0, 60.0]


def test_minutes_that_ended_while_nobody_sampled_are_caught_up(gateways: Gateways) -> None:
    gateways.run(gateways.one, 50)
    gateways.history.sampler = None
    gateways.clock.advance(3_000)
    gateways.run(gateways.other, 130)
    found = [(each.at - START, replies(each.counts)) for each in gateways.history.minutes]
    assert found == [(50, 45), (3_060, 5), (3_120, 60)]


def test_without_redis_there_is_a_gap_and_no_leap(gateways: Gateways) -> None:
    gateways.run(gateways.one, 10)
    gateways.watched.available = False
    with pytest.raises(QueueUnavailable):
        gateways.one.sample_once()
    gateways.clock.advance(600)
    gateways.watched.available = True
    gateways.run(gateways.one, 10)
    assert [replies(each.counts) for each in gateways.history.seconds] == [5, 5]


def test_a_sample_is_kept_as_it_was() -> None:
    kept = sample(60, counts={"kind=answer": 3, "score=1": -1}, arrivals=4, looks=(3, 2, 1))
    assert decode(encode(kept)) == kept
    assert len(encode(kept)) < 300


OTHERS = (
    b"",
    b"{}",
    b"\x91\x01",
    encode(sample(60, format=3)),
    encode(sample(60, format=1)),  # with a pool too many
    encode(sample(60, stages=((1, 2),) * 4)),
)


@pytest.mark.parametrize("stored", OTHERS)
def test_what_another_version_kept_is_passed_over(stored: bytes) -> None:
    assert decode(stored) is None


def test_what_was_kept_before_there_was_a_voice_is_read() -> None:
    before = encode(sample(60, format=1, arrivals=4, pools=(PoolSample(waiting=2),) * 3))
    read = decode(before)
    assert read is not None
    assert [pool.waiting for pool in read.pools] == [2, 2, 2, 0]
    assert merge([read, sample(65)]).arrivals == 4


def test_merging_adds_what_was_counted_and_keeps_the_worst() -> None:
    first, second = (sample(at, counts={"kind=answer": 2}, arrivals=3) for at in (5, 10))
    full = second.pools[0].__class__(9, 4.5, 1, 20, 4, 1.5, 5.0)
    idle = second.pools[0].__class__(1, 0.5, 2, 10, 1, 0.5, 10.0)
    one = sample(5, pools=(full,) * 4, dead_letters=1)
    merged = merge([first, second])
    assert (merged.at, merged.seconds, merged.arrivals, replies(merged.counts)) == (10, 10, 6, 4)
    pool = merge([one, sample(10, pools=(idle,) * 4)]).pools[0]
    assert (pool.waiting, pool.oldest_seconds, pool.workers) == (9, 4.5, 1)
    assert (pool.messages, pool.batches, pool.engine_seconds, pool.worker_seconds) == (30, 5, 2, 15)
    steps = merge_by_step([first, second, sample(15), sample(20)], 10)
    assert [each.at for each in steps] == [10, 20]
    assert [slot(at, 10) for at in (1, 10, 10.5)] == [10, 10, 20]

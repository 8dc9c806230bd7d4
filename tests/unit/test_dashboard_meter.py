"""What the dashboard's samples make of counters that begin again, of midnight and of gaps."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.dashboard.handover_meter import HandoverMeter
from gateway.dashboard.live import LiveStatus
from gateway.dashboard.meter import MAX_SECONDS, Meter
from gateway.dashboard.observation import Observation
from gateway.dashboard.sample import STAGES, Sample
from gateway.dashboard.tally import KINDS, amounts, increase, reasks, replies, tally_of
from gateway.dashboard.traffic_meter import BUSIEST, IN_TURN, TrafficMeter
from gateway.queue.handovers import TENANTS_TOGETHER, HandoverFigures
from shared import keys
from shared.counts import day_of, fields_of
from shared.histograms import STAGE_BOUNDS_SECONDS, Histogram
from shared.worker_status import KnowledgeStatus, WorkerStatus
from tests.fakes.clock import ManualClock
from tests.fakes.desk import FakeHandovers
from tests.fakes.gateway import FakeConversations
from tests.fakes.operations import FakeTraffic
from tests.support.dashboard_samples import FACTS, REPLY, tally

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2026, 2, 1, tzinfo=UTC).timestamp()
NO_HANDOVERS = HandoverFigures(0, None, 0, None, 0, None)


def worker(started_at: float = 1.0, **counters: float) -> WorkerStatus:
    return WorkerStatus("inference@1", keys.INFERENCE, "litert", 7, "host", started_at, counters)


class Stand:
    """A meter, and what it looks at."""

    def __init__(self, at: float = NOON) -> None:
        self.clock = ManualClock(at)
        self.traffic = FakeTraffic()
        self.meter = Meter(TrafficMeter(self.traffic))
        self.live: list[WorkerStatus] = []
        self.unfinished = 0
        self.seen = LiveStatus(0)

    def count(self, field: str, amount: int, tenant: str = "default") -> None:
        of_day = self.traffic.days.setdefault(day_of(self.clock.now()), {})
        own = of_day.setdefault(tenant, {})
        own[field] = own.get(field, 0) + amount

    def measure(self, after: float = 5.0) -> Sample | None:
        self.clock.advance(after)
        waiting = dict.fromkeys(keys.QUEUES, 0)
        now = self.clock.now()
        observed = Observation(now, waiting, {}, self.unfinished, self.live, NO_HANDOVERS)
        sample, self.seen = self.meter.measure(observed)
        return sample

    def measured(self, after: float = 5.0) -> Sample:
        sample = self.measure(after)
        assert sample is not None
        return sample


@pytest.fixture
def stand() -> Stand:
    return Stand()


def test_what_was_counted_before_is_in_no_sample(stand: Stand) -> None:
    stand.count(REPLY, 1_000)
    assert stand.measure() is None
    stand.count(REPLY, 7)
    sample = stand.measured()
    assert (replies(sample.counts), reasks(sample.counts), sample.seconds) == (7, 7, 5.0)
    assert replies(stand.measured().counts) == 0


def test_midnight_is_neither_a_fall_nor_a_leap() -> None:
    stand = Stand(MIDNIGHT - 12)
    stand.count(REPLY, 5_000)
    stand.measure()  # 7 s before
    stand.count(REPLY, 20)
    assert replies(stand.measured().counts) == 20
    stand.count(REPLY, 30)  # still the day before
    stand.clock.advance(2)
    stand.count(REPLY, 3)  # the new day has begun
    assert replies(stand.measured(3).counts) == 33
    stand.traffic.days[day_of(MIDNIGHT - 1)]["default"][REPLY] += 4  # by a clock that is late
    stand.count(REPLY, 1)
    assert replies(stand.measured().counts) == 5
    stand.clock.advance(20)
    assert replies(stand.measured().counts) == 0


def test_deleted_counts_are_no_negative_ones(stand: Stand) -> None:
    stand.count(REPLY, 90)
    stand.measure()
    stand.traffic.days.clear()
    stand.count(REPLY, 2)
    assert replies(stand.measured().counts) == 0
    stand.count(REPLY, 3)
    assert replies(stand.measured().counts) == 3


def test_who_rates_again_takes_the_score_back() -> None:
    def given(scores: Mapping[str, int]) -> tuple[int, ...]:
        return tally({f"score={score}": number for score, number in scores.items()})

    changed = increase(given({"1": 4, "5": 9}), given({"1": 3, "5": 10}))
    assert amounts(changed, "score", ("1", "5")) == [-1, 1]
    deleted = increase(given({"1": 4, "5": 9}), given({"5": 1}))
    assert amounts(deleted, "score", ("1", "5")) == [0, 0]


def test_a_field_counts_under_each_of_its_labels() -> None:
    each = fields_of(FACTS)
    stored: dict[bytes, Any] = {each.reply.encode(): b"2", each.time.encode(): b"2"}
    stored |= {each.time_sum.encode(): b"240", b"failure=expired": b"1", b"kind=unheard|x": b"9"}
    found = tally_of(stored)
    assert amounts(found, "kind", KINDS) == [2, 0, 0, 0, 0, 0]
    assert amounts(found, "tone", ("negative",)) == [2]
    assert amounts(found, "ms", ("150",)) == [2]
    assert amounts(found, "encoder", ("small",)) == [2]
    twice = ("kind=answer", "tone=negative", "reask=1", "ms=150", "encoder=small", "bert replies")
    others = {"bert answered": 2, "bert reasks": 2, "bert total_ms": 240, "failure=expired": 1}
    assert found == tally(dict.fromkeys(twice, 2) | others)


@pytest.mark.parametrize(
    ("before", "now", "grown"),
    [
        ([worker(messages=1_000)], [worker(messages=1_040)], 40),
        ([worker(messages=1_000)], [worker(NOON + 6, messages=15)], 15),  # restarted
        ([], [worker(NOON + 6, messages=15)], 15),  # new
        ([], [worker(messages=90_000)], 0),  # ran before, and was not seen
        ([worker(messages=1_000)], [], 0),  # died
    ],
)
def test_workers_that_come_and_go(
    stand: Stand, before: list[WorkerStatus], now: list[WorkerStatus], grown: int
) -> None:
    stand.live = before
    stand.measure()
    stand.live = now
    assert stand.measured().pools[0].messages == grown


def test_a_missed_heartbeat_loses_no_work(stand: Stand) -> None:
    stand.live = [worker(messages=10)]
    stand.measure()
    stand.live = []
    assert stand.measured().pools[0].workers == 0
    stand.live = [worker(messages=60)]
    assert stand.measured().pools[0].messages == 50


def test_load_batches_and_stages_of_a_worker(stand: Stand) -> None:
    buckets = [0] * (len(STAGE_BOUNDS_SECONDS) + 1)
    idle = worker(messages=0, batches=0, engine_seconds=0.0, second_looks_asked=0, cascade=1.0)
    base = KnowledgeStatus(None, "r1", 12, 1.0)
    refused = KnowledgeStatus("acme", "r0", 1, 1.0, refused="line 3: no answer")
    stand.live = [idle]
    stand.measure()
    counters = {"messages": 40, "batches": 8, "engine_seconds": 2.0, "second_looks_asked": 3}
    counters |= {"answered": 44, "second_looks_handed": 1}  # five went past the engine
    times = Histogram((0, 0, 40, *buckets[3:]), 0.2)
    stand.live = [
        replace(
            idle,
            counters={**counters, "cascade": 1.0},
            knowledge=(base, refused),
            stage_seconds={"engine": times, "queue": Histogram((1, 2), 0.1)},
        )
    ]
    sample = stand.measured()
    pool = sample.pools[0]
    assert (pool.messages, pool.batches, pool.engine_seconds, pool.worker_seconds) == (40, 8, 2, 5)
    assert sample.looks == (3, 1, 0)
    assert sample.stages[STAGES.index("engine")] == times.counts
    assert sum(sample.stages[STAGES.index("queue")]) == 0  # of another version's buckets
    (shown,) = stand.seen.workers
    assert (shown.busy, shown.messages_per_second, shown.batch_messages) == (0.4, 9.0, 5.0)
    assert (shown.knowledge_revision, shown.knowledge_entries) == ("r1", 12)
    assert shown.knowledge_refused == "acme"
    assert stand.seen.cascade


def test_a_long_pause_is_a_gap(stand: Stand) -> None:
    stand.measure()
    stand.count(REPLY, 500)
    assert stand.measure(MAX_SECONDS + 1) is None
    stand.count(REPLY, 2)
    assert replies(stand.measured().counts) == 2
    stand.meter.begin_anew()
    assert stand.measure() is None


def test_arrivals_are_what_ended_and_what_there_is_more_of(stand: Stand) -> None:
    stand.unfinished = 10
    stand.measure()
    stand.count(REPLY, 100)
    stand.count("failure=expired", 1)
    stand.unfinished = 25
    assert stand.measured().arrivals == 116
    stand.unfinished = 22  # read before three of them were counted
    assert stand.measured().arrivals == 0
    stand.count(REPLY, 8)
    assert stand.measured().arrivals == 5
    stand.count(REPLY, 8)
    assert stand.measured().arrivals == 8


def test_a_queue_that_was_emptied_hides_the_next_arrivals_for_a_moment_only(stand: Stand) -> None:
    stand.unfinished = 9_000
    stand.measure()
    stand.unfinished = 9_100
    assert stand.measured().arrivals == 100
    stand.unfinished = 0  # FLUSHALL
    assert stand.measured().arrivals == 0
    stand.count(REPLY, 130)
    assert stand.measured().arrivals == 30
    stand.unfinished = 5_000
    assert stand.measured().arrivals == 5_000
    stand.unfinished = 0
    shown = []
    for _ in range(8):
        stand.count(REPLY, 50)
        shown.append(stand.measured().arrivals)
    assert shown[-1] == 50


def test_arrivals_of_a_tenant_whose_turn_comes_late_are_counted_once(stand: Stand) -> None:
    names = [f"t{number:03}" for number in range(30 * IN_TURN)]
    stand.traffic.of_others = {name: {} for name in names}
    stand.measure()
    stand.unfinished = 7
    arrivals = stand.measured().arrivals
    stand.unfinished = 0
    stand.count(REPLY, 7, names[-5])  # which is read at the end of the round
    arrivals += sum(stand.measured().arrivals for _ in range(31))
    assert arrivals == 7


def test_of_many_tenants_the_busiest_are_read_each_time() -> None:
    traffic = FakeTraffic()
    names = [f"t{number}" for number in range(4 * IN_TURN)]
    traffic.of_others = {name: {} for name in names}
    counted = traffic.days.setdefault(day_of(NOON), {})
    counted |= {name: {REPLY: 100} for name in ("default", *names)}
    meter = TrafficMeter(traffic)
    meter.begin(NOON)
    for look in range(5):
        counted["default"][REPLY] += 50
        for name in names:
            counted[name][REPLY] += 1
        grown = replies(meter.advance(NOON + 5 * look))
        assert 50 <= grown <= 50 + 5 * (BUSIEST + IN_TURN)
    counted["t39"][REPLY] += 1_000
    looks = [replies(meter.advance(NOON + 30 + look)) for look in range(5)]
    assert sum(looks) >= 1_000


def test_handovers_of_many_tenants_are_added_up_over_some_looks() -> None:
    class Figures(FakeHandovers):
        def figures(self, of_tenants: Any = ()) -> HandoverFigures:
            asked.append(len(of_tenants))
            return HandoverFigures(len(of_tenants), float(100 - len(asked)), 1, None, 3, 9.0)

    asked: list[int] = []
    tenants = [f"t{number}" for number in range(2 * TENANTS_TOGETHER + 5)]
    meter = HandoverMeter(Figures(FakeConversations(), ManualClock()))
    seen = [meter.look(tenants).open for _ in range(4)]
    assert seen == [TENANTS_TOGETHER, 2 * TENANTS_TOGETHER, len(tenants), len(tenants)]
    assert max(asked) == TENANTS_TOGETHER
    found = meter.look(["default"])
    assert (found.open, found.claimed, found.open_since, found.claimed_since) == (1, 1, 95.0, None)
    assert (found.events, found.events_since) == (3, 9.0)

"""What a worker counts of each message's stages, of batches, and of its pace under load."""

from dataclasses import replace

import pytest

from shared.histograms import BATCH_BOUNDS_MESSAGES, STAGE_BOUNDS_SECONDS, STAGES
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import prepared_job
from workers.consumer.batching import BatchLimits
from workers.consumer.decaying import FadingSum, LoadedPace, expected_message_seconds
from workers.consumer.histograms import HistogramCounter, StageTimes
from workers.consumer.lease_queue import StageSeconds
from workers.engines.cost import CostModel


def test_what_equals_a_bound_is_within_it() -> None:
    sizes = HistogramCounter(BATCH_BOUNDS_MESSAGES)
    sizes.observe([1, 2, 3, 4, 200])
    counted = sizes.snapshot()
    assert counted.counts == (1, 1, 2, 0, 0, 0, 0, 0, 1)
    assert counted.total == 210


def test_each_stage_has_a_histogram_of_its_own() -> None:
    times = StageTimes()
    times.record([StageSeconds(0.0005, 0.002, 0.02, 0.2, 0.3), StageSeconds(20, 0, 0, 0, 20)])
    times.record([])
    counted = times.snapshot()
    assert tuple(counted) == STAGES == StageSeconds._fields
    assert {stage: sum(each.counts) for stage, each in counted.items()} == dict.fromkeys(STAGES, 2)
    assert counted["queue"].counts[0] == 1
    assert counted["queue"].counts[len(STAGE_BOUNDS_SECONDS)] == 1
    assert counted["total"].total == pytest.approx(20.3)


def test_a_time_that_nobody_can_have_waited_does_not_drown_the_others() -> None:
    times = HistogramCounter(STAGE_BOUNDS_SECONDS)
    times.observe([1_700_000_000.0])
    assert times.snapshot().total == 3_600


def test_the_stages_of_a_job_add_up_from_its_acceptance() -> None:
    clock = ManualClock()
    start = clock.monotonic()
    prepared = replace(prepared_job("a"), leased_at=start, prepared_at=start + 0.001)
    prepared = replace(prepared, job=replace(prepared.job, accepted_at=clock.now() - 0.5))
    stages = prepared.stages(
        clock, started_at=start + 0.101, ended_at=start + 0.131, now=start + 0.135
    )
    assert stages == pytest.approx((0.6, 0.001, 0.03, 0.004, 0.635), abs=1e-6)


def test_what_is_expected_of_full_batches_comes_from_the_engine() -> None:
    cost = CostModel(0.01, 0.0001)
    assert expected_message_seconds(cost, BatchLimits(32, 4096)) == pytest.approx(0.0612 / 32)
    assert expected_message_seconds(cost, BatchLimits(32, 8)) == pytest.approx(0.0116)
    assert expected_message_seconds(CostModel(0.0, 0.0), BatchLimits(32, 4096)) > 0


def test_the_pace_under_load_replaces_what_was_expected() -> None:
    clock = ManualClock()
    pace = LoadedPace(clock, 0.01)
    assert pace.per_second() == pytest.approx(100)
    for _ in range(60):
        pace.begin_batch(20, more_wait=True)
        clock.advance(1)
    assert pace.per_second() == pytest.approx(20, rel=0.2)


def test_messages_past_the_engine_count_in_the_pace() -> None:
    clock = ManualClock()
    pace = LoadedPace(clock, 0.01)
    pace.add(5)
    assert pace.per_second() == pytest.approx(100)  # nothing waited
    for _ in range(60):
        pace.begin_batch(20, more_wait=True)
        pace.add(180)
        clock.advance(1)
    assert pace.per_second() == pytest.approx(200, rel=0.2)


def test_batches_that_leave_nothing_waiting_say_nothing_about_the_pace() -> None:
    clock = ManualClock()
    pace = LoadedPace(clock, 0.01)
    for _ in range(60):
        pace.begin_batch(1, more_wait=False)
        clock.advance(1)
    assert pace.per_second() == pytest.approx(100)


def test_a_time_without_redis_hardly_changes_the_pace() -> None:
    clock = ManualClock()
    pace = LoadedPace(clock, 0.01)
    for _ in range(300):
        pace.begin_batch(10, more_wait=True)
        clock.advance(0.1)
    clock.advance(3_600)
    pace.begin_batch(10, more_wait=True)
    assert pace.per_second() > 50


def test_a_fading_sum_ends() -> None:
    clock = ManualClock()
    missed = FadingSum(clock)
    missed.add(10)
    assert missed.value() == pytest.approx(10)
    clock.advance(30)
    missed.add(1)
    assert missed.value() == pytest.approx(10 / 2.71828 + 1, rel=1e-3)
    clock.advance(300)
    assert missed.value() == 0

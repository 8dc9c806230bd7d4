"""Figures follow from samples and counters, by hand-made ones of which the answer is known."""

import numpy as np
import pytest

from infra.bench.figures import GENERATOR, Figures
from infra.bench.load import Samples
from infra.bench.observe import CHAT, ENQUEUE, Observation
from infra.bench.report import worker_steps
from infra.bench.summary import summarise

NOTHING = Observation()


def samples(
    times: list[tuple[float, float]],
    *,
    failed: tuple[int, ...] = (),
    offered: tuple[float, ...] = (),
    stages: tuple[float, ...] = (1, 2, 3, 4, 10),
) -> Samples:
    """Make samples in a window from 10 to 20 s; `times` are (due, done)."""
    due = np.array([pair[0] for pair in times])
    done = np.array([pair[1] for pair in times])
    ok = np.array([index not in failed for index in range(len(times))])
    timings = np.array([stages] * len(times), float)
    timings[~ok] = np.nan
    return Samples(10.0, 20.0, len(times), due, due + 0.001, done, ok, timings, np.array(offered))


def closed_loop(given: Samples, before: Observation, after: Observation) -> Figures:
    return summarise("parley", given, 4, None, before, after)


def test_a_closed_loop_counts_what_was_answered_in_the_window() -> None:
    given = samples([(8, 9), (9, 11), (12, 15), (19, 21)])
    figures = closed_loop(given, NOTHING, NOTHING)
    assert (figures.answered, figures.errors, figures.messages_per_second) == (2, 0, 0.2)
    assert figures.latency is not None
    assert figures.latency.p50_ms == 2500
    assert figures.latency.mean_ms == 2500


def test_errors_are_counted_apart_from_latency() -> None:
    given = samples([(11, 12), (11, 19)], failed=(1,))
    figures = closed_loop(given, NOTHING, NOTHING)
    assert (figures.answered, figures.errors, figures.messages_per_second) == (1, 1, 0.1)
    assert figures.latency is not None
    assert figures.latency.p99_ms == pytest.approx(1000)


def test_an_open_loop_counts_what_was_due_in_the_window_and_those_never_answered() -> None:
    given = samples([(9, 11), (12, 13), (19, 25)], offered=(9, 12, 19, 19.5))
    figures = summarise("parley", given, 64, 0.3, NOTHING, NOTHING)
    assert (figures.answered, figures.errors) == (2, 1)
    assert figures.messages_per_second == 0.2
    assert figures.latency is not None
    assert figures.latency.mean_ms == 3500
    assert figures.saturated
    assert figures.late_ms == pytest.approx(1)


def test_goodput_is_what_was_answered_before_its_deadline() -> None:
    given = samples([(9, 11), (12, 13), (12, 19), (13, 14)], failed=(3,), offered=(9, 12, 12, 13))
    figures = summarise("parley", given, 64, 0.4, NOTHING, NOTHING, deadline_seconds=5.0)
    assert (figures.messages_per_second, figures.goodput_per_second) == (0.3, 0.2)
    assert summarise("parley", given, 64, 0.4, NOTHING, NOTHING).goodput_per_second == 0.3


def test_what_other_programs_took_is_reported() -> None:
    before = Observation({"gateway": 1.0}, busy_seconds=100.0, at=50.0)
    after = Observation({"gateway": 4.0}, busy_seconds=108.0, at=60.0)
    figures = closed_loop(samples([(11, 12)]), before, after)
    assert figures.other_cores == pytest.approx(0.5)
    assert figures.noisy
    nominal = Observation({"gateway": 4.0}, busy_seconds=103.0, at=60.0)
    assert not closed_loop(samples([(11, 12)]), before, nominal).noisy


def test_nothing_answered_is_no_latency() -> None:
    figures = closed_loop(samples([(11, 12)], failed=(0,)), NOTHING, NOTHING)
    assert figures.latency is None
    assert figures.cpu_ms == {}


def test_processor_time_is_shared_among_the_messages_of_the_window() -> None:
    given = samples([(11, 12), (11, 13)])
    before = Observation({"gateway": 1.0, GENERATOR: 0.0}, {"gateway": 5})
    after = Observation({"gateway": 1.5, GENERATOR: 0.1}, {"gateway": 2_000_000})
    figures = closed_loop(given, before, after)
    assert figures.cpu_ms == {"gateway": pytest.approx(250), GENERATOR: pytest.approx(50)}
    assert figures.system_cpu_ms == pytest.approx(250)
    assert figures.rss_mb == {"gateway": 2.0}


def test_batches_are_those_of_the_window() -> None:
    then = {"messages": 100.0, "batches": 100.0, "tokens": 1000.0, "padded_tokens": 9000.0}
    now = {
        "messages": 164.0,
        "batches": 104.0,
        "tokens": 1900.0,
        "padded_tokens": 10_000.0,
    }
    before = Observation(counters={"inference": then})
    after = Observation(counters={"inference": now, "sentiment": {"messages": 1.0}})
    batches = closed_loop(samples([(11, 12)]), before, after).batches
    assert batches["inference"].mean_batch == 16
    assert batches["inference"].padding_waste == pytest.approx(0.1)
    assert batches["inference"].step_cpu_ms == {}
    assert batches["sentiment"].mean_batch is None


def test_a_workers_steps_cost_what_its_process_did_also_of_messages_past_the_engine() -> None:
    steps = {"engine_cpu_seconds": 0.1, "lease_cpu_seconds": 0.3}
    later = {"messages": 1.0, "batches": 1.0, "answered": 50.0, **steps, "processor_seconds": 0.5}
    before = Observation({"sentiment": 0.0}, counters={"sentiment": {"processor_seconds": 0.0}})
    after = Observation({"sentiment": 0.8}, counters={"sentiment": later})
    figures = closed_loop(samples([(11, 12)] * 2), before, after)
    assert figures.cpu_ms["sentiment"] == pytest.approx(400)
    assert worker_steps(figures, "sentiment") == {
        "engine": pytest.approx(80),
        "lease": pytest.approx(240),
        "rest": pytest.approx(80),
    }


def test_a_workers_rest_is_never_less_than_nothing() -> None:
    counted = {"messages": 10.0, "engine_cpu_seconds": 2.0, "processor_seconds": 1.999}
    after = Observation({"sentiment": 1.0}, counters={"sentiment": counted})
    figures = closed_loop(samples([(11, 12)]), NOTHING, after)
    assert worker_steps(figures, "sentiment")["rest"] == 0


def test_stages_add_up_to_what_the_client_waited() -> None:
    given = samples([(11, 11.020), (11, 11.040)])
    before = Observation(
        gateway={f"{CHAT}_sum": 1.0, f"{CHAT}_count": 100},
        counters={"inference": {"completion_seconds": 1.0, "answered": 50.0}},
    )
    after = Observation(
        gateway={
            f"{CHAT}_sum": 1.0 + 10 * 0.025,
            f"{CHAT}_count": 110,
            f"{ENQUEUE}_sum": 10 * 0.0004,
            f"{ENQUEUE}_count": 10,
        },
        counters={"inference": {"completion_seconds": 1.02, "answered": 60.0}},
    )
    stages = closed_loop(given, before, after).stages_ms
    assert stages == {
        "http": pytest.approx(4),
        "enqueue": pytest.approx(0.4),
        "queue": pytest.approx(0.6),
        "prepare": 2,
        "engine": 3,
        "compose": 4,
        "complete": pytest.approx(2),
        "deliver": pytest.approx(13),
    }
    assert sum(stages.values()) == pytest.approx(29)


def test_a_system_that_tells_no_timings_has_no_stages() -> None:
    given = samples([(11, 12)], stages=(np.nan,) * 5)
    after = Observation(gateway={f"{CHAT}_sum": 1.0, f"{CHAT}_count": 1})
    assert closed_loop(given, NOTHING, after).stages_ms == {}

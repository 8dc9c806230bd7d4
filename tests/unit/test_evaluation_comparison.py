"""A comparison says what chance allows, and says plainly when nothing can be told."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from workers.evaluation.comparison import Sample, compare, wilson
from workers.evaluation.resampling import Measure, Rows, compare_paired, measure, single_rows


def hits(name: str, right: int, rows: int) -> Sample:
    return Sample(name, [1.0] * right + [0.0] * (rows - right))


def mean_of(values: NDArray[np.float64]) -> Measure:
    return lambda rows: {"right": float(values[rows].mean())}


@pytest.mark.parametrize(
    ("right", "rows", "low", "high"),
    [(8, 10, 0.490, 0.943), (0, 10, 0.0, 0.278), (50, 100, 0.404, 0.596)],
)
def test_wilsons_interval_has_the_published_values(
    right: int, rows: int, low: float, high: float
) -> None:
    interval = wilson(right, rows)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-4)


def test_newcombes_interval_has_the_published_value() -> None:
    # Newcombe 1998, example a: 56/70 less 48/80, interval 0.0524 to 0.3339.
    difference = compare(hits("b", 48, 80), hits("a", 56, 70)).difference
    assert difference.value == pytest.approx(0.2)
    assert (difference.low, difference.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_a_clear_difference_is_told_with_its_direction() -> None:
    told = compare(hits("bert", 900, 1000), hits("tfidf", 700, 1000), "the share resolved")
    assert told.told
    assert told.sentence.startswith(
        "With tfidf, the share resolved is lower than with bert by 20.0 points (95 %: 16."
    )


def test_a_small_difference_is_said_not_to_be_told() -> None:
    told = compare(hits("bert", 18, 20), hits("tfidf", 17, 20), "the share resolved")
    assert not told.told
    assert told.sentence.startswith(
        "No difference in the share resolved can be told between bert and tfidf: -5.0 points"
    )


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_observations_say_nothing(rows: int) -> None:
    told = compare(Sample("a", [0.3, 0.9]), Sample("b", [0.5] * rows))
    assert not told.told or rows
    assert isnan(compare(Sample("a", []), Sample("b", [])).difference.value)
    assert "too few" in compare(Sample("a", []), Sample("b", [1.0])).sentence


def test_means_are_compared_by_resampling_and_always_alike() -> None:
    draw = np.random.default_rng(1)
    first = Sample("first", draw.normal(3.0, 1.0, 400).tolist())
    second = Sample("second", draw.normal(4.0, 1.0, 400).tolist())
    told = compare(first, second, "the score")
    assert told == compare(first, second, "the score")
    assert told.told
    assert told.difference.low < 1.0 < told.difference.high
    assert "higher than with first by" in told.sentence


@given(st.integers(0, 60), st.integers(0, 60))
def test_an_interval_holds_its_value_and_swapping_turns_it_round(one: int, two: int) -> None:
    a, b = hits("a", one, 60), hits("b", two, 60)
    there, back = compare(a, b), compare(b, a)
    assert there.difference.low <= there.difference.value <= there.difference.high
    assert there.difference.low == pytest.approx(-back.difference.high)
    assert there.told == back.told
    assert there.first.low <= there.first.value <= there.first.high


def test_a_paired_comparison_tells_what_two_groups_could_not() -> None:
    draw = np.random.default_rng(2)
    hard = draw.random(300)
    first = (hard < 0.70).astype(float)
    second = (hard < 0.74).astype(float)
    units = single_rows(300)
    one, two = (measure(mean_of(values), units, resamples=400) for values in (first, second))
    paired = compare_paired("right", "right first", ("a", one), ("b", two), shares=True)
    apart = compare(Sample("a", first.tolist()), Sample("b", second.tolist()), "right first")
    assert paired.told
    assert not apart.told


def test_whole_units_are_drawn() -> None:
    seen: set[int] = set()

    def figures(rows: Rows) -> dict[str, float]:
        seen.add(len(rows) % 2)
        assert (np.bincount(rows, minlength=4)[:2] == np.bincount(rows, minlength=4)[0]).all()
        return {"rows": float(len(rows))}

    units = [np.array([0, 1]), np.array([2, 3])]
    measured = measure(figures, units, resamples=20)
    assert seen == {0}
    assert measured.interval("rows").value == 4

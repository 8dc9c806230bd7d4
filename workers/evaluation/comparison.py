"""Whether two groups of observations differ, and how much: intervals, and a plain sentence.

The two groups are independent, such as the conversations of an A/B test. For two systems that
answered the same messages, `workers.evaluation.resampling` compares row by row, which tells more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, sqrt

import numpy as np
from numpy.typing import NDArray

_Z = 1.959964  # of 95 %
_QUANTILES = (0.025, 0.975)
_RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its 95 % interval; NaN where there is nothing to go by."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One group: an observation each of what may be taken as independent (a conversation)."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Share:
    """One group: how many of its rows are counted."""

    name: str
    hits: int
    rows: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two groups and their difference (second less first), each with its 95 % interval.

    `told`: the difference is too large for chance; `sentence` says so, or that it is not.
    """

    first: Interval
    second: Interval
    difference: Interval
    told: bool
    sentence: str


def wilson(hits: int, rows: int) -> Interval:
    """Return a share and Wilson's score interval, which holds for small groups too."""
    if not rows:
        return Interval(float("nan"), float("nan"), float("nan"))
    share, part = hits / rows, _Z * _Z / rows
    centre = (share + part / 2) / (1 + part)
    half = _Z * sqrt(share * (1 - share) / rows + part / (4 * rows)) / (1 + part)
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half))


def compare(first: Sample, second: Sample, what: str = "the mean") -> Comparison:
    """Compare two independent groups; values of 0 and 1 alone are compared as shares."""
    groups = [np.asarray(each.values, np.float64) for each in (first, second)]
    if all(np.isin(values, (0.0, 1.0)).all() for values in groups):
        one, two = (
            Share(each.name, int(v.sum()), len(v))
            for each, v in zip((first, second), groups, strict=True)
        )
        return compare_shares(one, two, what)
    draw = np.random.default_rng(0)
    means = [_resampled_means(values, draw) for values in groups]
    lower, upper = (interval_of(_mean(v), drawn) for v, drawn in zip(groups, means, strict=True))
    difference = interval_of(upper.value - lower.value, means[1] - means[0])
    return judge(first.name, second.name, what, lower, upper, difference, shares=False)


def compare_shares(first: Share, second: Share, what: str) -> Comparison:
    """Compare two independent groups of which it is known how many are counted."""
    one, two = wilson(first.hits, first.rows), wilson(second.hits, second.rows)
    return judge(first.name, second.name, what, one, two, _newcombe(one, two), shares=True)


def interval_of(value: float, resampled: NDArray[np.float64]) -> Interval:
    """Return a value and the middle 95 % of what it was in resampled sets."""
    known = resampled[~np.isnan(resampled)]
    if isnan(value) or not len(known):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(known, _QUANTILES)
    return Interval(value, float(low), float(high))


def judge(
    first_name: str,
    second_name: str,
    what: str,
    first: Interval,
    second: Interval,
    difference: Interval,
    *,
    shares: bool,
) -> Comparison:
    """Say in words whether a difference can be told; `shares` are spoken of in points."""
    told = difference.low > 0 or difference.high < 0
    if isnan(difference.low):
        sentence = f"Nothing can be said of {what}: there are too few observations."
    elif told:
        moved = "higher" if difference.value > 0 else "lower"
        low, high = sorted((abs(difference.low), abs(difference.high)))
        sentence = (
            f"With {second_name}, {what} is {moved} than with {first_name} by "
            f"{_amount(abs(difference.value), shares=shares)} "
            f"(95 %: {_span(low, high, shares=shares)})."
        )
    else:
        sentence = (
            f"No difference in {what} can be told between {first_name} and {second_name}: "
            f"{_amount(difference.value, shares=shares)}, where anything from "
            f"{_span(difference.low, difference.high, shares=shares)} may be true (95 %)."
        )
    return Comparison(first, second, difference, told, sentence)


def _newcombe(first: Interval, second: Interval) -> Interval:
    """Return the difference of two shares with Newcombe's interval, from both Wilson intervals."""
    difference = second.value - first.value
    down = sqrt((second.value - second.low) ** 2 + (first.high - first.value) ** 2)
    up = sqrt((second.high - second.value) ** 2 + (first.value - first.low) ** 2)
    return Interval(difference, difference - down, difference + up)


def _resampled_means(values: NDArray[np.float64], draw: np.random.Generator) -> NDArray[np.float64]:
    if not len(values):
        return np.full(_RESAMPLES, np.nan)
    return np.array([draw.choice(values, len(values)).mean() for _ in range(_RESAMPLES)])


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _amount(value: float, *, shares: bool) -> str:
    return f"{value * 100:.1f} points" if shares else f"{value:.3g}"


def _span(low: float, high: float, *, shares: bool) -> str:
    return f"{low * 100:.1f} to {high * 100:.1f}" if shares else f"{low:.3g} to {high:.3g}"

"""Figures of a set with bootstrap intervals, and the paired comparison of two systems on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.evaluation.comparison import Comparison, Interval, interval_of, judge

RESAMPLES = 1_000

Rows = NDArray[np.intp]
Measure = Callable[[Rows], Mapping[str, float]]
"""Return figures by name over some rows of a set, which may hold a row several times."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Figures by name, and what they were in each of the same resampled sets."""

    values: Mapping[str, float]
    resampled: Mapping[str, NDArray[np.float64]]

    def interval(self, name: str) -> Interval:
        """Return one figure with its 95 % interval."""
        return interval_of(self.values[name], self.resampled[name])


def measure(
    figures: Measure, units: Sequence[Rows], resamples: int = RESAMPLES, seed: int = 0
) -> Measured:
    """Measure a set and its resamples; whole units are drawn: a row, or all of a conversation.

    The same units and seed draw the same rows, so that two systems can be compared.
    """
    draw = np.random.default_rng(seed)
    pick = _picker(units)
    values = dict(figures(pick(np.arange(len(units)))))
    drawn = [
        figures(pick(draw.integers(len(units), size=len(units))))
        for _ in range(resamples if units else 0)
    ]
    return Measured(values, {name: np.array([each[name] for each in drawn]) for name in values})


def single_rows(count: int) -> list[Rows]:
    """Return the units of a set in which each row stands by itself."""
    return [np.array([row]) for row in range(count)]


def compare_paired(
    name: str, what: str, first: tuple[str, Measured], second: tuple[str, Measured], *, shares: bool
) -> Comparison:
    """Compare one figure of two systems that answered the same messages."""
    (first_name, one), (second_name, two) = first, second
    difference = interval_of(
        two.values[name] - one.values[name], two.resampled[name] - one.resampled[name]
    )
    return judge(
        first_name,
        second_name,
        what,
        one.interval(name),
        two.interval(name),
        difference,
        shares=shares,
    )


def _picker(units: Sequence[Rows]) -> Callable[[Rows], Rows]:
    if not units:
        return lambda chosen: chosen
    if all(len(unit) == 1 for unit in units):
        rows = np.concatenate(units)
        return lambda chosen: rows[chosen]
    return lambda chosen: np.concatenate([units[index] for index in chosen.tolist()])

"""Figures of a report as cells of tables."""

from collections.abc import Mapping
from math import isnan

from infra.tables import NO_VALUE, Table
from workers.evaluation.comparison import Interval


def counted(title: str, amounts: Mapping[str, int]) -> Table:
    """Return a table of how often each was, the most frequent first."""
    rows = sorted(amounts.items(), key=lambda pair: -pair[1])
    return Table(title, ("", "times"), tuple((name, f"{times:,}") for name, times in rows))


def span(share: Interval) -> str:
    """Return a share and its interval."""
    if isnan(share.value):
        return NO_VALUE
    return f"{share.value:.1%} ({100 * share.low:.1f}–{100 * share.high:.1f})"


def percent(share: float) -> str:
    """Return a share."""
    return NO_VALUE if isnan(share) else f"{share:.1%}"


def number(value: float, places: int = 0) -> str:
    """Return a number with so many places."""
    return NO_VALUE if isnan(value) else f"{value:,.{places}f}"

"""Quantiles of a histogram."""

from collections.abc import Sequence
from itertools import accumulate


def quantile(counts: Sequence[int], bounds: Sequence[float], share: float) -> float | None:
    """Return the value that a share of observations does not exceed; None if there are none.

    Within a bucket values are taken as evenly spread. What lies beyond the last bound is given as
    that bound: it is at least so much.
    """
    total = sum(counts)
    if total <= 0:
        return None
    rank = share * total
    for place, below in enumerate(accumulate(counts)):
        if below >= rank and counts[place]:
            break
    if place >= len(bounds):
        return float(bounds[-1])
    low = bounds[place - 1] if place else 0.0
    return low + (bounds[place] - low) * (rank - (below - counts[place])) / counts[place]

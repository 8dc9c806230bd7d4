"""What is counted over a labelled set: pure functions of arrays.

A figure that is not defined (no rows, one class alone) is NaN.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BINS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Confidence and truth, bin by bin [bins]; `confidence` and `right` are means, NaN if empty."""

    rows: NDArray[np.intp]
    confidence: Floats
    right: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """What share of answers is wrong (`risk`), if only the surest share (`coverage`) is given."""

    coverage: Floats
    risk: Floats

    @property
    def area(self) -> float:
        """Return the mean risk over all coverages; less is better."""
        widths = np.diff(self.coverage, prepend=0.0)
        return float((self.risk * widths).sum()) if len(widths) else float("nan")


def mean(values: NDArray[np.generic]) -> float:
    """Return the mean, NaN of nothing."""
    return float(np.mean(values.astype(np.float64))) if values.size else float("nan")


def auc(scores: Floats, positive: Flags) -> float:
    """Return the chance that a positive row scores higher than another one; a tie counts half."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return float("nan")
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    ranks = float(mean_ranks[places][positive].sum())
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def reliability(confidences: Floats, right: Flags, bins: int = BINS) -> Reliability:
    """Group rows by confidence into bins of equal width over 0 to 1."""
    places = np.clip((confidences * bins).astype(np.intp), 0, bins - 1)
    rows = np.bincount(places, minlength=bins)
    with np.errstate(invalid="ignore"):
        return Reliability(
            rows,
            np.bincount(places, confidences, minlength=bins) / rows,
            np.bincount(places, right.astype(np.float64), minlength=bins) / rows,
        )


def calibration_error(confidences: Floats, right: Flags, bins: int = BINS) -> float:
    """Return the expected calibration error: the gap of each bin, weighed by its rows."""
    if not len(confidences):
        return float("nan")
    places = np.clip((confidences * bins).astype(np.intp), 0, bins - 1)
    gaps = np.bincount(places, confidences - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidences))


def risk_coverage(confidences: Floats, right: Flags) -> RiskCoverage:
    """Return the curve from the surest row to all rows; equal confidences come in together."""
    order = np.argsort(-confidences, kind="stable")
    ends = np.flatnonzero(np.diff(confidences[order], append=-np.inf))
    wrong = np.cumsum(~right[order])[ends]
    return RiskCoverage((ends + 1) / max(len(order), 1), wrong / (ends + 1))


def f1_by_label(
    labels: Sequence[Hashable], predicted: Sequence[Hashable], names: Sequence[Hashable]
) -> dict[Hashable, float]:
    """Return F1 of each named label; 0 for one that is never right."""
    truth, guess = np.array(labels, object), np.array(predicted, object)
    scores: dict[Hashable, float] = {}
    for name in names:
        hits = int(((truth == name) & (guess == name)).sum())
        total = int((truth == name).sum() + (guess == name).sum())
        scores[name] = 2 * hits / total if total else 0.0
    return scores


def macro_f1(
    labels: Sequence[Hashable], predicted: Sequence[Hashable], names: Sequence[Hashable]
) -> float:
    """Return the mean of F1 over the named labels, in which each counts alike."""
    scores = f1_by_label(labels, predicted, names)
    return float(np.mean(list(scores.values()))) if labels else float("nan")

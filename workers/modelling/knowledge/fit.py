"""Fit the confidence of a base to the base itself: `parley kb fit`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.knowledge.calibration import Calibration, features, fit_logistic
from workers.knowledge.head import Indices, Vectors, fit_head
from workers.knowledge.index import Index, Scores

_FOLDS = 5

# An answer must be more likely right than wrong; asking back costs a customer half as much.
_ANSWER_FROM, _CLARIFY_FROM = 0.5, 1 / 3
_MAX_OUT_OF_SCOPE_ANSWERED = 0.10  # share of questions out of scope that may get an answer
_IN_SCOPE_COSINE = 0.75  # as near to a phrasing as this, the base may well answer it
_MAX_OUT_OF_SCOPE_KEPT = 0.20  # share that may be asked back or answered; chosen, not measured

# What is assumed of traffic: questions the base answers, plausible ones it misses, and others.
_TRAFFIC_ANSWERABLE, _TRAFFIC_MISSING, _TRAFFIC_OUT_OF_SCOPE = 0.7, 0.1, 0.2


@dataclass(frozen=True, slots=True)
class FitReport:
    """What a fit found: on phrasings left out, and on questions out of scope.

    `top1_accuracy` is over all left-out phrasings, `answer_precision` over those that reach the
    answer threshold;
    `calibration_error` is the expected calibration error (ECE, ten bins) over the assumed traffic.
    """

    calibration: Calibration
    top1_accuracy: float
    answered: float
    answer_precision: float
    out_of_scope_answered: float
    missing_answered: float
    calibration_error: float


def fit_calibration(
    phrasings: Vectors,
    entry_index: Indices,
    answers: Vectors,
    out_of_scope: Vectors,
    progress: Callable[[float], None] = lambda _share: None,
) -> FitReport:
    """Fit to phrasings left out of the base, entries left out of it, and questions out of scope.

    `out_of_scope` are vectors [rows, dimension] of questions that no help centre answers.
    """
    labels, left_out, missing = cross_validate(phrasings, entry_index, answers, progress)
    outside = _outside(
        Index(phrasings, entry_index, fit_head(phrasings, entry_index, answers)), out_of_scope
    )
    right = (left_out.entries[:, 0] == labels).astype(np.float64)
    groups = [
        (left_out, right, _TRAFFIC_ANSWERABLE),
        (missing, np.zeros(len(missing.share)), _TRAFFIC_MISSING),
        (outside, np.zeros(len(outside.share)), _TRAFFIC_OUT_OF_SCOPE),
    ]
    inputs = np.vstack([features(scores) for scores, _, _ in groups])
    served = np.concatenate([serves for _, serves, _ in groups])
    shares = np.concatenate([np.full(len(each), part / len(each)) for _, each, part in groups])
    weights = fit_logistic(inputs, served, shares)
    probabilities = Calibration(weights, 1.0, 1.0).confidence(outside)
    calibration = Calibration(
        weights,
        answer_from=_threshold(probabilities, _ANSWER_FROM, _MAX_OUT_OF_SCOPE_ANSWERED),
        clarify_from=_threshold(probabilities, _CLARIFY_FROM, _MAX_OUT_OF_SCOPE_KEPT),
    )
    everything = Scores.joined([scores for scores, _, _ in groups])
    error = calibration_error(calibration.confidence(everything), served, shares)
    return _report(calibration, left_out, right, outside, missing, error)


def _outside(index: Index, out_of_scope: Vectors) -> Scores:
    # A bank's base does answer what is the rate of the peso: for it, that is in scope.
    nearest = index.score(out_of_scope).nearest.max(axis=1)
    outside = nearest < _IN_SCOPE_COSINE
    return index.score(out_of_scope[outside] if outside.sum() >= len(outside) / 2 else out_of_scope)


def cross_validate(
    phrasings: Vectors, entry_index: Indices, answers: Vectors, progress: Callable[[float], None]
) -> tuple[Indices, Scores, Scores]:
    """Score each phrasing by an index that was made without it.

    Returns each row's own entry, its scores, and its scores were that entry not in the base.
    """
    folds = np.random.default_rng(0).permutation(len(entry_index)) % _FOLDS
    labels, scores, missing = [], [], []
    for fold in range(_FOLDS):
        held, kept = folds == fold, folds != fold
        head = fit_head(phrasings[kept], entry_index[kept], answers)
        index = Index(phrasings[kept], entry_index[kept], head)
        labels.append(entry_index[held])
        scores.append(index.score(phrasings[held]))
        missing.append(index.score(phrasings[held], without=entry_index[held]))
        progress((fold + 1) / _FOLDS)
    return np.concatenate(labels), Scores.joined(scores), Scores.joined(missing)


def calibration_error(
    probabilities: Vectors, served: Vectors, shares: NDArray[np.float64], bins: int = 10
) -> float:
    """Return the mean gap between confidence and truth, bin by bin, weighed by what falls there.

    `shares` weigh the rows and sum to 1.
    """
    bin_index = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_index, shares * (probabilities - served), minlength=bins)
    return float(np.abs(gaps).sum())


def _threshold(out_of_scope: Vectors, least: float, allowed: float) -> float:
    return round(max(least, float(np.quantile(out_of_scope, 1 - allowed))), 4)


def _report(
    calibration: Calibration,
    left_out: Scores,
    right: Vectors,
    outside: Scores,
    missing: Scores,
    error: float,
) -> FitReport:
    probabilities = calibration.confidence(left_out)
    answered = probabilities >= calibration.answer_from

    def answered_of(scores: Scores) -> float:
        return float((calibration.confidence(scores) >= calibration.answer_from).mean())

    return FitReport(
        calibration,
        top1_accuracy=float(right.mean()),
        answered=float(answered.mean()),
        answer_precision=float(right[answered].mean()) if answered.any() else 0.0,
        out_of_scope_answered=answered_of(outside),
        missing_answered=answered_of(missing),
        calibration_error=error,
    )

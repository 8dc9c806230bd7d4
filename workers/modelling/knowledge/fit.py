"""Fit the confidence of a base to the base itself: `parley kb fit`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.knowledge.calibration import Calibration, features, fit_logistic
from workers.knowledge.head import Places, Vectors, fit_head
from workers.knowledge.index import Index, Scores

_FOLDS = 5

# An answer must be more likely right than wrong; asking back costs a customer half as much.
_ANSWER_FROM, _CLARIFY_FROM = 0.5, 1 / 3
_ANSWERED_STRANGERS = 0.10  # share of questions out of scope that may get an answer
_NOT_OUT_OF_SCOPE = 0.75  # as near to a wording as this, the base may well answer it
_KEPT_STRANGERS = 0.20  # share that may be asked back or answered

# What is assumed of traffic: questions the base answers, plausible ones it misses, and others.
_TRAFFIC_ANSWERABLE, _TRAFFIC_MISSING, _TRAFFIC_STRANGE = 0.7, 0.1, 0.2


@dataclass(frozen=True, slots=True)
class FitReport:
    """What a fit found: on wordings left out, and on questions out of scope.

    `right_first` counts all left-out wordings, `right_of_answered` those over the threshold;
    `calibration_error` is the expected calibration error (ECE, ten bins) over the assumed traffic.
    """

    calibration: Calibration
    right_first: float
    answered: float
    right_of_answered: float
    out_of_scope_answered: float
    missing_answered: float
    calibration_error: float


def fit_calibration(
    wordings: Vectors,
    owners: Places,
    answers: Vectors,
    out_of_scope: Vectors,
    progress: Callable[[float], None] = lambda _share: None,
) -> FitReport:
    """Fit to wordings left out of the base, entries left out of it, and strangers to it.

    `strangers` are vectors [rows, dimension] of questions out of any help centre's scope.
    """
    truth, left_out, missing = cross_validate(wordings, owners, answers, progress)
    outside = _outside(Index(wordings, owners, fit_head(wordings, owners, answers)), out_of_scope)
    right = (left_out.places[:, 0] == truth).astype(np.float64)
    groups = [
        (left_out, right, _TRAFFIC_ANSWERABLE),
        (missing, np.zeros(len(missing.share)), _TRAFFIC_MISSING),
        (outside, np.zeros(len(outside.share)), _TRAFFIC_STRANGE),
    ]
    inputs = np.vstack([features(scores) for scores, _, _ in groups])
    served = np.concatenate([serves for _, serves, _ in groups])
    shares = np.concatenate([np.full(len(each), part / len(each)) for _, each, part in groups])
    weights = fit_logistic(inputs, served, shares)
    chances = Calibration(weights, 1.0, 1.0).confidence(outside)
    calibration = Calibration(
        weights,
        answer_from=_threshold(chances, _ANSWER_FROM, _ANSWERED_STRANGERS),
        clarify_from=_threshold(chances, _CLARIFY_FROM, _KEPT_STRANGERS),
    )
    everything = Scores.joined([scores for scores, _, _ in groups])
    error = calibration_error(calibration.confidence(everything), served, shares)
    return _report(calibration, left_out, right, outside, missing, error)


def _outside(index: Index, out_of_scope: Vectors) -> Scores:
    # A bank's base does answer what is the rate of the peso: there that is no stranger.
    nearest = index.score(out_of_scope).nearest.max(axis=1)
    strange = nearest < _NOT_OUT_OF_SCOPE
    return index.score(out_of_scope[strange] if strange.sum() >= len(strange) / 2 else out_of_scope)


def cross_validate(
    wordings: Vectors, owners: Places, answers: Vectors, progress: Callable[[float], None]
) -> tuple[Places, Scores, Scores]:
    """Score each wording by an index that was made without it.

    Returns each row's own entry, its scores, and its scores were that entry not in the base.
    """
    folds = np.random.default_rng(0).permutation(len(owners)) % _FOLDS
    truth, scores, missing = [], [], []
    for fold in range(_FOLDS):
        held, kept = folds == fold, folds != fold
        head = fit_head(wordings[kept], owners[kept], answers)
        index = Index(wordings[kept], owners[kept], head)
        truth.append(owners[held])
        scores.append(index.score(wordings[held]))
        missing.append(index.score(wordings[held], without=owners[held]))
        progress((fold + 1) / _FOLDS)
    return np.concatenate(truth), Scores.joined(scores), Scores.joined(missing)


def calibration_error(
    chances: Vectors, served: Vectors, shares: NDArray[np.float64], bins: int = 10
) -> float:
    """Return the mean gap between confidence and truth, bin by bin, weighed by what falls there.

    `shares` weigh the rows and sum to 1.
    """
    places = np.minimum((chances * bins).astype(int), bins - 1)
    gaps = np.bincount(places, shares * (chances - served), minlength=bins)
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
    chances = calibration.confidence(left_out)
    answered = chances >= calibration.answer_from

    def answered_of(scores: Scores) -> float:
        return float((calibration.confidence(scores) >= calibration.answer_from).mean())

    return FitReport(
        calibration,
        right_first=float(right.mean()),
        answered=float(answered.mean()),
        right_of_answered=float(right[answered].mean()) if answered.any() else 0.0,
        out_of_scope_answered=answered_of(outside),
        missing_answered=answered_of(missing),
        calibration_error=error,
    )

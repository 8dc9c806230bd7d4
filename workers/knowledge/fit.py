"""Fit the confidence of a base to the base itself: `parley kb fit`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workers.knowledge.calibration import Calibration, features, fit_logistic
from workers.knowledge.head import Places, Vectors, fit_head
from workers.knowledge.index import Index, Scores

_FOLDS = 5

# An answer must be more likely right than wrong; asking back costs a customer half as much.
_ANSWER_FROM, _CLARIFY_FROM = 0.5, 1 / 3
_ANSWERED_STRANGERS = 0.10  # share of questions out of scope that may get an answer
_KEPT_STRANGERS = 0.20  # share that may be asked back or answered

# What is assumed of traffic: questions the base answers, plausible ones it misses, and others.
_TRAFFIC_ANSWERABLE, _TRAFFIC_MISSING, _TRAFFIC_STRANGE = 0.7, 0.1, 0.2


@dataclass(frozen=True, slots=True)
class FitReport:
    """What a fit found: on wordings left out, and on questions out of scope.

    `right_first` counts all left-out wordings, `right_of_answered` those over the threshold;
    `calibration_error` is the expected calibration error (ECE, ten bins).
    """

    calibration: Calibration
    right_first: float
    answered: float
    right_of_answered: float
    strangers_answered: float
    missing_answered: float
    calibration_error: float


def fit_calibration(
    wordings: Vectors,
    owners: Places,
    answers: Vectors,
    strangers: Vectors,
    progress: Callable[[float], None] = lambda _share: None,
) -> FitReport:
    """Fit to wordings left out of the base, entries left out of it, and strangers to it.

    `strangers` are vectors [rows, dimension] of questions out of any help centre's scope.
    """
    left_out = cross_validate(wordings, owners, answers, progress)
    outside = Index(wordings, owners, fit_head(wordings, owners, answers)).score(strangers)
    missing = left_out.without(owners)
    right = (left_out.ranking.argmax(axis=1) == owners).astype(np.float64)
    groups = [
        (left_out, right, _TRAFFIC_ANSWERABLE),
        (missing, np.zeros(len(owners)), _TRAFFIC_MISSING),
        (outside, np.zeros(len(strangers)), _TRAFFIC_STRANGE),
    ]
    weights = fit_logistic(
        np.vstack([features(scores) for scores, _, _ in groups]),
        np.concatenate([truth for _, truth, _ in groups]),
        np.concatenate([np.full(len(truth), share / len(truth)) for _, truth, share in groups]),
    )
    chances = Calibration(weights, 1.0, 1.0).confidence(outside)
    calibration = Calibration(
        weights,
        answer_from=_threshold(chances, _ANSWER_FROM, _ANSWERED_STRANGERS),
        clarify_from=_threshold(chances, _CLARIFY_FROM, _KEPT_STRANGERS),
    )
    return _report(calibration, left_out, right, outside, missing)


def cross_validate(
    wordings: Vectors, owners: Places, answers: Vectors, progress: Callable[[float], None]
) -> Scores:
    """Return the scores of each wording by an index that was made without it."""
    folds = np.random.default_rng(0).permutation(len(owners)) % _FOLDS
    ranking = np.zeros((len(owners), len(answers)), np.float32)
    nearest = np.zeros_like(ranking)
    for fold in range(_FOLDS):
        held, kept = folds == fold, folds != fold
        head = fit_head(wordings[kept], owners[kept], answers)
        scores = Index(wordings[kept], owners[kept], head).score(wordings[held])
        ranking[held], nearest[held] = scores.ranking, scores.nearest
        progress((fold + 1) / _FOLDS)
    return Scores(ranking, nearest)


def calibration_error(chances: Vectors, right: Vectors, bins: int = 10) -> float:
    """Return the mean gap between confidence and truth, bin by bin, weighed by the bins' sizes."""
    places = np.minimum((chances * bins).astype(int), bins - 1)
    gaps = [
        abs(float(chances[places == each].mean()) - float(right[places == each].mean()))
        * float((places == each).mean())
        for each in np.unique(places)
    ]
    return sum(gaps)


def _threshold(strangers: Vectors, least: float, allowed: float) -> float:
    return round(max(least, float(np.quantile(strangers, 1 - allowed))), 4)


def _report(
    calibration: Calibration, left_out: Scores, right: Vectors, outside: Scores, missing: Scores
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
        strangers_answered=answered_of(outside),
        missing_answered=answered_of(missing),
        calibration_error=calibration_error(chances, right),
    )

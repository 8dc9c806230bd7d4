"""Fit the calibration of a base to the base itself."""

import numpy as np

from workers.knowledge.calibration import Calibration, features, fit_logistic
from workers.knowledge.index import Index, Vectors
from workers.knowledge.leave_out import leave_entry_out, leave_one_wording_out

# A wrong answer costs a customer more than being passed to a person; being asked back costs little.
_ANSWERED_STRANGERS = 0.05  # share of unanswerable questions that may get an answer
_KEPT_STRANGERS = 0.12  # share that may be asked back or answered

# What is assumed of traffic: questions the base answers, plausible ones it misses, and others.
_TRAFFIC_ANSWERABLE, _TRAFFIC_MISSING, _TRAFFIC_STRANGE = 0.7, 0.1, 0.2


def fit_calibration(index: Index, strangers: Vectors) -> Calibration:
    """Fit to each wording left out, each entry left out, and questions that no shop answers.

    `strangers` are vectors [rows, dimension] of questions out of any help centre's scope.
    """
    left_out, _ = leave_one_wording_out(index)
    without = leave_entry_out(index, left_out)
    outside = index.score(strangers)
    right = (left_out.ranking.argmax(axis=1) == index.owners).astype(np.float64)
    groups = [
        (left_out, right, _TRAFFIC_ANSWERABLE),
        (without, np.zeros(len(index.owners)), _TRAFFIC_MISSING),
        (outside, np.zeros(len(strangers)), _TRAFFIC_STRANGE),
    ]
    weights = fit_logistic(
        np.vstack([features(scores) for scores, _, _ in groups]),
        np.concatenate([truth for _, truth, _ in groups]),
        np.concatenate([np.full(len(truth), share / len(truth)) for _, truth, share in groups]),
    )
    unset = Calibration(weights, 1.0, 1.0)
    chances = unset.confidence(outside)
    return Calibration(
        weights,
        answer_from=float(np.quantile(chances, 1 - _ANSWERED_STRANGERS)),
        clarify_from=float(np.quantile(chances, 1 - _KEPT_STRANGERS)),
    )

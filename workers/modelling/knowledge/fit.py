"""Fit confidence: its weights to many bases at once, its level to one base's own messages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from workers.knowledge.calibration import Calibration, features, logistic
from workers.knowledge.index import Scores
from workers.modelling.knowledge.trials import Outcome

Floats = NDArray[np.float64]

_RIDGE = 1e-3  # on standardised features
_NEWTON_STEPS = 50

# An answer must be right in five cases of eight: a question back costs a customer less.
_ANSWER_FROM, _CLARIFY_FROM = 5 / 8, 1 / 3
_MAX_OUT_OF_SCOPE_ANSWERED = 0.07  # share of messages out of scope that may get an answer
_MAX_OUT_OF_SCOPE_KEPT = 0.25  # share that may be asked back or answered

# A base's level is moved by what its messages say against this belief that it is right as it is.
_LEVEL_DEVIATION = 0.5


def fit_weights(outcomes: Sequence[Outcome]) -> tuple[float, ...]:
    """Return a calibration's weights, bias last; the outcomes' weights say what counts."""
    shares = np.concatenate([each.weights for each in outcomes])
    inputs = np.vstack([features(each.scores) for each in outcomes])
    served = np.concatenate([each.served for each in outcomes])
    return fit_logistic(inputs, served, shares / shares.sum())


def fit_logistic(inputs: Floats, labels: Floats, shares: Floats) -> tuple[float, ...]:
    """Return weights and bias of a ridge-regularised logistic regression (Newton's method).

    `shares` weigh the rows and sum to 1.
    """
    centre, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-9
    design = np.hstack([(inputs - centre) / scale, np.ones((len(inputs), 1))])
    weights = np.zeros(design.shape[1])
    ridge = _RIDGE * np.diag([1.0] * inputs.shape[1] + [0.0])
    for _ in range(_NEWTON_STEPS):
        probability = logistic(design @ weights)
        gradient = design.T @ (shares * (probability - labels)) + ridge @ weights
        hessian = (design * (shares * probability * (1 - probability))[:, None]).T @ design + ridge
        step = np.linalg.solve(hessian + 1e-9 * np.eye(len(hessian)), gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    plain = weights[:-1] / scale
    return (*(float(weight) for weight in plain), float(weights[-1] - plain @ centre))


def choose_thresholds(weights: tuple[float, ...], out_of_scope: Sequence[Scores]) -> Calibration:
    """Return a calibration that answers few of the messages that no entry answers.

    Each member of `out_of_scope` counts the same, however many messages it has.
    """
    unbounded = Calibration(weights, 1.0, 1.0)
    chances = [unbounded.confidence(scores)[:, 0] for scores in out_of_scope]
    return Calibration(
        weights,
        answer_from=_threshold(chances, _ANSWER_FROM, _MAX_OUT_OF_SCOPE_ANSWERED),
        clarify_from=_threshold(chances, _CLARIFY_FROM, _MAX_OUT_OF_SCOPE_KEPT),
    )


def _threshold(chances: Sequence[NDArray[np.float32]], least: float, allowed: float) -> float:
    """Return the least threshold that on average lets no more than `allowed` through."""
    steps = np.linspace(least, 1.0, 51)
    for step in steps:
        if np.mean([(each >= step).mean() for each in chances]) <= allowed:
            return ceil(float(step) * 100) / 100
    return 1.0


@dataclass(frozen=True, slots=True)
class Level:
    """How far the log-odds of a base are moved, and the calibration error before and after."""

    shift: float
    error_before: float
    error_after: float


def fit_level(
    calibration: Calibration, scores: Scores, served: Floats
) -> tuple[Calibration, Level]:
    """Move the level of a calibration to a base's labelled messages, as far as they are evidence.

    The most likely shift under a normal belief around none: a handful of messages moves little.
    """
    logits = features(scores) @ np.array(calibration.weights[:-1]) + calibration.weights[-1]
    shift, belief = 0.0, 1 / _LEVEL_DEVIATION**2
    for _ in range(_NEWTON_STEPS):
        probability = logistic(logits + shift)
        slope = float((probability - served).sum()) + belief * shift
        step = slope / (float((probability * (1 - probability)).sum()) + belief)
        shift -= step
        if abs(step) < 1e-8:
            break
    weights = (*calibration.weights[:-1], calibration.weights[-1] + shift)
    errors = (calibration_error(logistic(each), served) for each in (logits, logits + shift))
    return replace(calibration, weights=weights), Level(shift, *errors)


def calibration_error(
    probabilities: NDArray[np.floating], served: Floats, shares: Floats | None = None
) -> float:
    """Return the expected calibration error (ECE): the mean gap between confidence and truth.

    Ten bins; `shares` weigh the rows and sum to 1.
    """
    weights = np.full(len(served), 1 / max(len(served), 1)) if shares is None else shares
    bin_index = np.minimum((probabilities * 10).astype(int), 9)
    gaps = np.bincount(bin_index, weights * (probabilities - served), minlength=10)
    return float(np.abs(gaps).sum())

"""From scores to a probability that the best entry serves; fitted to a base, not guessed."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from workers.knowledge.index import Scores, Vectors

_RIDGE = 1e-4
_NEWTON_STEPS = 50


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic weights over `features` (bias last), and the thresholds that the fit chose."""

    weights: tuple[float, ...]
    answer_from: float
    clarify_from: float

    def confidence(self, scores: Scores) -> Vectors:
        """Return for each row the probability (0-1) that its best entry serves."""
        inputs = features(scores)
        logits = inputs @ np.array(self.weights[:-1]) + self.weights[-1]
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30))), np.float32)


def features(scores: Scores) -> NDArray[np.float64]:
    """Return [rows, 5]: best score, its lead, its nearest wording's cosine, that above 0.8, 0.6."""
    order = np.sort(scores.ranking, axis=1)
    best = scores.ranking.argmax(axis=1)
    second = order[:, -2] if order.shape[1] > 1 else np.zeros(len(order))
    nearest = np.take_along_axis(scores.nearest, best[:, None], axis=1)[:, 0]
    lead = np.minimum(order[:, -1] - second, 10.0)
    hinges = [np.maximum(nearest - knee, 0.0) for knee in (0.6, 0.8)]
    return np.stack([order[:, -1], lead, nearest, *hinges], axis=1).astype(np.float64)


def fit_logistic(
    inputs: NDArray[np.float64], truth: NDArray[np.float64], shares: NDArray[np.float64]
) -> tuple[float, ...]:
    """Return weights and bias of a ridge-regularised logistic regression (Newton's method).

    `shares` weigh the rows and sum to 1.
    """
    design = np.hstack([inputs, np.ones((len(inputs), 1))])
    weights = np.zeros(design.shape[1])
    ridge = _RIDGE * np.diag([1.0] * inputs.shape[1] + [0.0])
    for _ in range(_NEWTON_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (shares * (chance - truth)) + ridge @ weights
        curve = (design * (shares * chance * (1 - chance))[:, None]).T @ design + ridge
        step = np.linalg.solve(curve + 1e-12 * np.eye(len(curve)), slope)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    return tuple(float(weight) for weight in weights)


def read_calibration(path: Path) -> Calibration:
    """Read a fitted calibration."""
    return msgspec.json.decode(path.read_bytes(), type=Calibration)


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write a fitted calibration for people to read."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(calibration), indent=2) + b"\n")

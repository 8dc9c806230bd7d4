"""From scores to a probability that the best entry serves; fitted to a base, not guessed."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.errors import KnowledgeError
from workers.knowledge.head import Vectors
from workers.knowledge.index import Scores

DEFAULT = Path(__file__).with_name("calibration.json")
_RIDGE = 1e-4  # only keeps the solution finite if the classes separate
_NEWTON_STEPS = 50
_KNOTS = (0.6, 0.8)  # of the nearest cosine: docs/experiments/retrieval.md
_MAX_LOGIT = 30.0
_MAX_LEAD = 10.0  # more says nothing more; an only entry has this


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic weights over `features` (bias last), and the thresholds that the fit chose."""

    weights: tuple[float, ...]
    answer_from: float
    clarify_from: float

    def confidence(self, scores: Scores) -> Vectors:
        """Return for each row the probability (0-1) that its best entry serves."""
        return _logistic(features(scores) @ np.array(self.weights[:-1]) + self.weights[-1])


def features(scores: Scores) -> NDArray[np.float64]:
    """Return [rows, 6]: log-odds of the best entry's share, its score and lead, its nearest cosine.

    The cosine counts again above two knots: close to a known phrasing, certainty grows faster.
    """
    share = np.clip(scores.share, 1e-4, 1 - 1e-4)
    nearest, best = scores.nearest[:, 0], scores.ranking[:, 0]
    only_entry = scores.ranking.shape[1] == 1
    lead = np.full(len(best), _MAX_LEAD) if only_entry else best - scores.ranking[:, 1]
    hinges = [np.maximum(nearest - knot, 0.0) for knot in _KNOTS]
    columns = [np.log(share / (1 - share)), best, np.minimum(lead, _MAX_LEAD), nearest, *hinges]
    return np.stack(columns, axis=1).astype(np.float64)


def fit_logistic(
    inputs: NDArray[np.float64], labels: NDArray[np.float64], shares: NDArray[np.float64]
) -> tuple[float, ...]:
    """Return weights and bias of a ridge-regularised logistic regression (Newton's method).

    `shares` weigh the rows and sum to 1.
    """
    design = np.hstack([inputs, np.ones((len(inputs), 1))])
    weights = np.zeros(design.shape[1])
    ridge = _RIDGE * np.diag([1.0] * inputs.shape[1] + [0.0])
    for _ in range(_NEWTON_STEPS):
        probability = _logistic(design @ weights).astype(np.float64)
        gradient = design.T @ (shares * (probability - labels)) + ridge @ weights
        hessian = (design * (shares * probability * (1 - probability))[:, None]).T @ design + ridge
        step = np.linalg.solve(hessian + 1e-12 * np.eye(len(hessian)), gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    return tuple(float(weight) for weight in weights)


def read_calibration(path: Path) -> Calibration:
    """Read a fitted calibration; KnowledgeError names a file that cannot serve."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Calibration)
    except (OSError, msgspec.DecodeError) as fault:
        raise KnowledgeError(
            f"{path} is not a calibration: {fault}; run `parley kb fit`"
        ) from fault


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write a fitted calibration for people to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(calibration), indent=2) + b"\n")


def _logistic(logits: NDArray[np.float64]) -> Vectors:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -_MAX_LOGIT, _MAX_LOGIT))), np.float32)

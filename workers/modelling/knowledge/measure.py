"""Measure ranking and confidence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.evaluation.metrics import auc
from workers.knowledge.calibration import Calibration
from workers.modelling.knowledge.fit import calibration_error
from workers.modelling.knowledge.trials import Outcome


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures of one set: right first in scope, and how well confidence tells.

    `nearest_auc` is what the plain distance reaches; both AUCs are NaN without messages out of
    scope.
    """

    right_first: float
    auc: float
    nearest_auc: float
    calibration_error: float

    def row(self, name: str) -> str:
        """Return a line under `HEADING`."""
        numbers = (self.right_first, self.auc, self.nearest_auc, self.calibration_error)
        return f"{name:12}" + "".join(f"{number:12.3f}" for number in numbers)


_COLUMNS = ("right first", "OOS AUC", "distance", "ECE")
HEADING = f"{'':12}" + "".join(f"{column:>12}" for column in _COLUMNS)


def measure(outcome: Outcome, calibration: Calibration) -> Quality:
    """Return the figures of an outcome under a calibration."""
    chances = calibration.confidence(outcome.scores)[:, 0]
    return quality_of(outcome.served, outcome.in_scope, chances, outcome.scores.nearest.max(axis=1))


def quality_of(
    served: NDArray[np.float64],
    in_scope: NDArray[np.bool_],
    chances: NDArray[np.floating],
    nearest: NDArray[np.floating],
    shares: NDArray[np.float64] | None = None,
) -> Quality:
    """Return the figures of messages [rows] and what was found for them.

    `shares` weigh the rows in the calibration error and sum to 1.
    """
    return Quality(
        float(served[in_scope].mean()),
        auc(chances.astype(np.float64), in_scope),
        auc(nearest.astype(np.float64), in_scope),
        calibration_error(chances, served, shares),
    )

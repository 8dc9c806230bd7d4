"""Measure ranking and confidence on the outcome of a trial."""

from dataclasses import dataclass

import numpy as np

from workers.knowledge.calibration import Calibration
from workers.modelling.knowledge.fit import auc, calibration_error
from workers.modelling.knowledge.trials import Outcome


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures of one set: right first in scope, and how well confidence tells.

    `nearest_auc` is what the plain distance reaches; both AUCs are NaN without messages out of
    scope.
    """

    name: str
    right_first: float
    auc: float
    nearest_auc: float
    calibration_error: float

    def __str__(self) -> str:
        figures = (self.right_first, self.auc, self.nearest_auc, self.calibration_error)
        return f"{self.name:12}" + "".join(f"{figure:12.3f}" for figure in figures)


def heading() -> str:
    """Return the names of the columns that a Quality prints."""
    columns = ("right first", "OOS AUC", "distance", "ECE")
    return f"{'':12}" + "".join(f"{column:>12}" for column in columns)


def measure(outcome: Outcome, calibration: Calibration) -> Quality:
    """Return the figures of an outcome under a calibration."""
    chances = calibration.confidence(outcome.scores)[:, 0]
    nearest = outcome.scores.nearest.max(axis=1)
    inside = outcome.in_scope
    outside = not inside.all()
    return Quality(
        outcome.group,
        float(outcome.served[inside].mean()),
        auc(chances[inside], chances[~inside]) if outside else float(np.nan),
        auc(nearest[inside], nearest[~inside]) if outside else float(np.nan),
        calibration_error(chances, outcome.served),
    )

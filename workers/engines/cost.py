"""What an engine's time is made of: seconds per call and seconds per token."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class CostModel:
    """Seconds of one call: `base_seconds` + `token_seconds` for each token, padding included."""

    base_seconds: float
    token_seconds: float

    def seconds(self, tokens: int) -> float:
        """Return how long one call of `tokens` padded tokens takes."""
        return self.base_seconds + self.token_seconds * tokens


def fit_cost(timings: Iterable[tuple[int, float]]) -> CostModel:
    """Fit a cost model to calls' (padded tokens, seconds); least relative squares.

    One timing, or several of one size, say nothing about the base: all time counts for tokens.
    """
    tokens, seconds = (np.array(column, float) for column in zip(*timings, strict=True))
    system = np.stack([np.ones_like(tokens), tokens], axis=1) / seconds[:, None]
    (base, token), *_ = np.linalg.lstsq(system, np.ones_like(seconds), rcond=None)
    if base < 0 or token < 0 or np.ptp(tokens) == 0:
        return CostModel(0.0, float(1 / np.mean(tokens / seconds)))
    return CostModel(float(base), float(token))

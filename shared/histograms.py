"""Histograms that workers count since their start and report with every heartbeat."""

from dataclasses import dataclass

STAGES = ("queue", "prepare", "engine", "compose", "total")
STAGE_BOUNDS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
BATCH_BOUNDS_MESSAGES = (1, 2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Numbers of observations, of each bound those above the one before, last those beyond all.

    `total` is the sum of what was observed.
    """

    counts: tuple[int, ...]
    total: float

"""Histograms of a worker: what each stage took of each message, and how large batches were."""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from shared.histograms import STAGE_BOUNDS_SECONDS, STAGES, Histogram
from workers.consumer.lease_queue import StageSeconds

# What one observation adds to the sum, at most: a client may have written any time of acceptance.
_MAX_SUM = 3_600.0


class HistogramCounter:
    """Count observations between bounds; safe from any thread."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0
        self._lock = threading.Lock()

    def observe(self, values: Sequence[float]) -> None:
        """Count these."""
        counts, bounds, total = self._counts, self._bounds, sum(values)
        if total > _MAX_SUM:
            total = sum(min(value, _MAX_SUM) for value in values)
        with self._lock:
            for value in values:
                counts[bisect_left(bounds, value)] += 1
            self._total += total

    def snapshot(self) -> Histogram:
        """Return all as it stands."""
        with self._lock:
            return Histogram(tuple(self._counts), round(self._total, 6))


class StageTimes:
    """Count what each stage took of each message that was answered; safe from any thread."""

    def __init__(self) -> None:
        self._stages = {stage: HistogramCounter(STAGE_BOUNDS_SECONDS) for stage in STAGES}

    def record(self, messages: Iterable[StageSeconds]) -> None:
        """Count these messages."""
        by_stage = list(zip(*messages, strict=True)) or [()] * len(STAGES)
        for counter, seconds in zip(self._stages.values(), by_stage, strict=True):
            counter.observe(seconds)

    def snapshot(self) -> Mapping[str, Histogram]:
        """Return each stage's histogram as it stands."""
        return {stage: counter.snapshot() for stage, counter in self._stages.items()}

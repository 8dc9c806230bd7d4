"""Samples as columns of figures, ready to be drawn: rates, quantiles, means."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.dashboard.quantiles import quantile
from gateway.dashboard.sample import STAGES, PoolSample, Sample
from gateway.dashboard.tally import BUCKETS as TIME_BUCKETS
from gateway.dashboard.tally import (
    ENCODERS,
    FAILURES,
    KINDS,
    SCORES,
    TONES,
    VARIANT_FIGURES,
    VARIANTS,
    amounts,
    reasks,
    replies,
    variant_amounts,
)
from shared import keys
from shared.counts import BOUNDS_MS
from shared.histograms import STAGE_BOUNDS_SECONDS

QUANTILES: Mapping[str, float] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_STAGE_BOUNDS_MS = [1_000 * bound for bound in STAGE_BOUNDS_SECONDS]
Column = list[float | int | None]
Columns = dict[str, Any]


def columns(samples: Sequence[Sample]) -> Columns:
    """Return a column of each figure, in the order of the samples.

    Rates are messages a second, times milliseconds, ages seconds; None stands where a figure has
    nothing to be made from. Kinds, tones, scores and variants are numbers of replies.
    """
    return {
        "at": [sample.at for sample in samples],
        "seconds": [sample.seconds for sample in samples],
        "arrivals": [_rate(sample.arrivals, sample.seconds) for sample in samples],
        "answers": [_rate(replies(sample.counts), sample.seconds) for sample in samples],
        "failures": _named(samples, FAILURES, "failure"),
        "latency_ms": _quantile_columns([_latency(sample) for sample in samples], BOUNDS_MS),
        "stages_ms": {
            stage: _quantile_columns([each.stages[place] for each in samples], _STAGE_BOUNDS_MS)
            for place, stage in enumerate(STAGES)
        },
        "kinds": _named(samples, KINDS, "kind"),
        "tones": _named(samples, TONES, "tone"),
        "scores": _named(samples, SCORES, "score"),
        "encoders": _named(samples, ENCODERS, "encoder"),
        "reasks": [reasks(sample.counts) for sample in samples],
        "variants": {
            variant: _by_name(
                VARIANT_FIGURES, [variant_amounts(sample.counts, variant) for sample in samples]
            )
            for variant in VARIANTS
        },
        "second_looks": {
            name: [sample.looks[place] for sample in samples]
            for place, name in enumerate(("wanted", "handed", "made"))
        },
        "queues": {
            queue: _pool_columns([sample.pools[place] for sample in samples])
            for place, queue in enumerate(keys.QUEUES)
        },
        "handovers": {
            "open": [sample.handovers_open for sample in samples],
            "claimed": [sample.handovers_claimed for sample in samples],
        },
        "dead_letters": [sample.dead_letters for sample in samples],
    }


def _latency(sample: Sample) -> Sequence[int]:
    return amounts(sample.counts, "ms", TIME_BUCKETS)


def _named(samples: Sequence[Sample], values: Sequence[str], name: str) -> Mapping[str, Column]:
    """Return a column of each value of the labels `name=value`."""
    return _by_name(values, [amounts(sample.counts, name, values) for sample in samples])


def _by_name(names: Sequence[str], rows: Sequence[Sequence[int]]) -> Mapping[str, Column]:
    return {name: [max(0, row[place]) for row in rows] for place, name in enumerate(names)}


def _quantile_columns(
    histograms: Sequence[Sequence[int]], bounds: Sequence[float]
) -> Mapping[str, Column]:
    return {
        name: [_rounded(quantile(counts, bounds, share)) for counts in histograms]
        for name, share in QUANTILES.items()
    }


def _pool_columns(pools: Sequence[PoolSample]) -> Mapping[str, Column]:
    def each(figure: Callable[[PoolSample], float | int | None]) -> Column:
        return [figure(pool) for pool in pools]

    return {
        "waiting": each(lambda pool: pool.waiting),
        "oldest_seconds": each(lambda pool: pool.oldest_seconds),
        "workers": each(lambda pool: pool.workers),
        "batch_messages": each(lambda pool: _share(pool.messages, pool.batches, 1)),
        "busy": each(_busy),
    }


def _busy(pool: PoolSample) -> float | None:
    """Return the share of time in which the workers' engines ran; None without workers."""
    share = _share(pool.engine_seconds, pool.worker_seconds, 3)
    return None if share is None else min(1.0, share)


def _share(part: float, whole: float, digits: int) -> float | None:
    return round(part / whole, digits) if whole > 0 else None


def _rate(amount: int, seconds: float) -> float | None:
    return _share(amount, seconds, 4)  # one message in 8 minutes is more than none


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)

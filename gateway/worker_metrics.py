"""What the workers report with their heartbeats, as Prometheus takes it.

Each series names its worker: one that ends takes its own series along, and no sum falls.
"""

import math
import re
from collections.abc import Iterable, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from shared.histograms import BATCH_BOUNDS_MESSAGES, STAGE_BOUNDS_SECONDS, Histogram
from shared.jobs import WorkerStatus

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9_]+")
_WORKER_LABELS = ("worker", "queue")


def worker_metrics(workers: Sequence[WorkerStatus]) -> Iterable[Metric]:
    """Return the metrics of the live workers."""
    up = GaugeMetricFamily(
        "parley_worker_up", "1 for every live worker", labels=(*_WORKER_LABELS, "engine")
    )
    families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
    for worker in workers:
        up.add_metric((worker.id, worker.queue, worker.engine), 1)
        for counter, value in worker.counters.items():
            name = "parley_worker_" + _NOT_IN_A_NAME.sub("_", counter.lower())
            family = families.get(name) or families.setdefault(name, _family(name))
            family.add_metric((worker.id, worker.queue), value)
    return [
        up,
        *families.values(),
        _stage_seconds(workers),
        _batch_messages(workers),
        *_knowledge_metrics(workers),
    ]


def _stage_seconds(workers: Sequence[WorkerStatus]) -> Metric:
    metric = HistogramMetricFamily(
        "parley_stage_seconds",
        "time that a stage took of a message that was answered",
        labels=("stage", "queue", "worker"),
    )
    for worker in workers:
        for stage, histogram in worker.stage_seconds.items():
            labels = (stage, worker.queue, worker.id)
            _add_histogram(metric, labels, STAGE_BOUNDS_SECONDS, histogram)
    return metric


def _batch_messages(workers: Sequence[WorkerStatus]) -> Metric:
    metric = HistogramMetricFamily(
        "parley_batch_messages", "messages of a batch", labels=("queue", "worker")
    )
    for worker in workers:
        if worker.batch_messages:
            labels = (worker.queue, worker.id)
            _add_histogram(metric, labels, BATCH_BOUNDS_MESSAGES, worker.batch_messages)
    return metric


def _add_histogram(
    metric: HistogramMetricFamily,
    labels: Sequence[str],
    bounds: Sequence[float],
    histogram: Histogram,
) -> None:
    """Add a worker's histogram, unless a worker of another version has other bounds."""
    if len(histogram.counts) != len(bounds) + 1:
        return
    buckets, below = [], 0
    for bound, count in zip((*bounds, math.inf), histogram.counts, strict=True):
        below += count
        buckets.append(("+Inf" if bound == math.inf else str(float(bound)), below))
    metric.add_metric(labels, buckets, histogram.total)


def _knowledge_metrics(workers: Sequence[WorkerStatus]) -> Iterable[Metric]:
    """Return the bases that workers answer from; the shared one's tenant is empty."""
    entries = GaugeMetricFamily(
        "parley_worker_knowledge_entries",
        "entries of a knowledge base, with the revision that the worker answers from",
        labels=(*_WORKER_LABELS, "tenant", "revision"),
    )
    stale = GaugeMetricFamily(
        "parley_worker_knowledge_stale",
        "1 if what lies in a knowledge base's place was refused",
        labels=(*_WORKER_LABELS, "tenant"),
    )
    for worker in workers:
        for base in worker.knowledge:
            labels = (worker.id, worker.queue, base.tenant or "")
            entries.add_metric((*labels, base.revision), base.entries)
            stale.add_metric(labels, float(base.refused is not None))
    return entries, stale


def _family(name: str) -> CounterMetricFamily | GaugeMetricFamily:
    if name.endswith("_total"):
        return CounterMetricFamily(name, "reported by the workers", labels=_WORKER_LABELS)
    return GaugeMetricFamily(name, "reported by the workers", labels=_WORKER_LABELS)

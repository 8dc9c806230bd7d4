"""What the workers report with their heartbeats, as Prometheus takes it.

Each series names its worker: one that ends takes its own series along, and no sum falls.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)

from gateway.worker_figures import COUNTERS, GAUGES, SUMMARIES
from shared.histograms import BATCH_BOUNDS_MESSAGES, STAGE_BOUNDS_SECONDS, Histogram
from shared.worker_status import WorkerStatus

_LABELS = ("worker", "queue")


def worker_metrics(workers: Sequence[WorkerStatus]) -> Iterator[Metric]:
    """Yield the metrics of the live workers."""
    yield from _lives(workers)
    yield from _counters(workers)
    yield from _gauges(workers)
    yield from _summaries(workers)
    yield _stage_seconds(workers)
    yield _batch_messages(workers)
    yield from _knowledge_metrics(workers)


def _lives(workers: Sequence[WorkerStatus]) -> Iterator[Metric]:
    up = GaugeMetricFamily(
        "parley_worker_up", "1 for every live worker", labels=(*_LABELS, "engine")
    )
    paused = GaugeMetricFamily(
        "parley_worker_paused",
        "1 if the worker takes no messages until it is told to",
        labels=_LABELS,
    )
    start = GaugeMetricFamily(
        "parley_worker_start_time_seconds", "Unix time at which the worker started", labels=_LABELS
    )
    message = GaugeMetricFamily(
        "parley_worker_message_seconds",
        "time that a message takes the worker while more wait; expected until it was measured",
        labels=_LABELS,
    )
    for worker in workers:
        labels = (worker.id, worker.queue)
        up.add_metric((*labels, worker.engine), 1)
        paused.add_metric(labels, float(worker.paused))
        start.add_metric(labels, worker.started_at)
        if worker.loaded_per_second:
            message.add_metric(labels, 1 / worker.loaded_per_second)
    yield from (up, paused, start, message)


def _counters(workers: Sequence[WorkerStatus]) -> Iterable[Metric]:
    families: dict[str, CounterMetricFamily] = {}
    for each in COUNTERS:
        family = families.get(each.metric)
        if family is None:
            labels = (*_LABELS, *each.labels)
            families[each.metric] = family = CounterMetricFamily(
                each.metric, each.text, labels=labels
            )
        for worker in workers:
            if worker.queue in each.queues:
                values = (worker.id, worker.queue, *each.labels.values())
                family.add_metric(values, worker.counters.get(each.figure, 0.0))
    return families.values()


def _gauges(workers: Sequence[WorkerStatus]) -> Iterator[Metric]:
    for each in GAUGES:
        family = GaugeMetricFamily(each.metric, each.text, labels=_LABELS)
        for worker in workers:
            if worker.queue in each.queues and each.figure in worker.counters:
                family.add_metric((worker.id, worker.queue), worker.counters[each.figure])
        yield family


def _summaries(workers: Sequence[WorkerStatus]) -> Iterator[Metric]:
    for each, number in SUMMARIES:
        family = SummaryMetricFamily(each.metric, each.text, labels=_LABELS)
        for worker in workers:
            if worker.queue in each.queues:
                counted = worker.counters
                count, total = counted.get(number, 0.0), counted.get(each.figure, 0.0)
                family.add_metric((worker.id, worker.queue), int(count), total)
        yield family


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
        labels=(*_LABELS, "tenant", "revision"),
    )
    stale = GaugeMetricFamily(
        "parley_worker_knowledge_stale",
        "1 if what lies in a knowledge base's place was refused",
        labels=(*_LABELS, "tenant"),
    )
    for worker in workers:
        for base in worker.knowledge:
            labels = (worker.id, worker.queue, base.tenant or "")
            entries.add_metric((*labels, base.revision), base.entries)
            stale.add_metric(labels, float(base.refused is not None))
    return entries, stale

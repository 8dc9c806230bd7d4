"""What workers count of replies, as Prometheus takes it.

Workers count by day (UTC), so counters begin again at midnight, which Prometheus takes for a
restart. What can also fall within a day is a gauge. No label has other values than those that
shared/jobs.py and shared/handovers.py list, and the tenants' names; entries are in `parley report`
alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from shared.counts import BEYOND, BOUNDS_MS, CountedField, read_field, sum_by

_TENANT = "tenant"
_SEGMENT = ("variant", "encoder")
_read_field = lru_cache(10_000)(read_field)  # all tenants have the same fields


@dataclass(frozen=True, slots=True)
class _Family:
    """A metric: which fields are summed up, by which labels."""

    name: str
    text: str
    labels: Sequence[str]
    only: Mapping[str, str] = field(default_factory=dict)


_FAILURES = _Family("parley_failures", "messages without a reply, by their end", ("failure",))
_ENDS = ("failed", "expired", "cancelled")
_COUNTERS = (
    _Family("parley_replies", "replies by kind", (*_SEGMENT, "kind")),
    _Family("parley_reply_tones", "replies by the message's tone", (*_SEGMENT, "tone")),
    _Family("parley_reasks", "messages that ask again", _SEGMENT, {"reask": "1"}),
    _Family(
        "parley_unclear_again",
        "a second reply in a row without an answer before",
        _SEGMENT,
        {"again": "1"},
    ),
    _Family(
        "parley_handover_reasons", "replies by why a person takes over", (*_SEGMENT, "handover")
    ),
    _FAILURES,
)
_GAUGES = (
    _Family("parley_conversations", "conversations by their last turn", (*_SEGMENT, "resolved")),
    _Family("parley_feedback", "feedback by score", (*_SEGMENT, "score")),
)


def traffic_metrics(counted: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
    """Yield the metrics of a day from the fields of each tenant."""
    fields = [
        ({_TENANT: tenant, **_read_field(field)}, amount)
        for tenant, of_tenant in counted.items()
        for field, amount in of_tenant.items()
    ]
    # So that the first of a day is an increase.
    fields += [({_TENANT: each, "failure": end}, 0) for each in counted for end in _ENDS]
    for each in _COUNTERS:
        counter = CounterMetricFamily(each.name, each.text, labels=(_TENANT, *each.labels))
        yield _fill(counter, each, fields)
    for each in _GAUGES:
        gauge = GaugeMetricFamily(each.name, each.text, labels=(_TENANT, *each.labels))
        yield _fill(gauge, each, fields)
    yield _reply_seconds(fields)


def _fill(
    metric: CounterMetricFamily | GaugeMetricFamily, family: _Family, fields: Sequence[CountedField]
) -> Metric:
    for values, amount in sum_by(fields, (_TENANT, *family.labels), family.only).items():
        metric.add_metric(values, amount)
    return metric


def _reply_seconds(fields: Sequence[CountedField]) -> Metric:
    metric = HistogramMetricFamily(
        "parley_reply_seconds", "time from acceptance to the reply", labels=(_TENANT, *_SEGMENT)
    )
    by_bucket = sum_by(fields, (_TENANT, *_SEGMENT, "ms"))
    for (*segment, _), total in sum_by(fields, (_TENANT, *_SEGMENT, "total_ms")).items():
        buckets, below = [], 0
        for bound in (*map(str, BOUNDS_MS), BEYOND):
            below += by_bucket.get((*segment, bound), 0)
            buckets.append(("+Inf" if bound == BEYOND else str(int(bound) / 1000), below))
        metric.add_metric(segment, buckets, total / 1000)
    return metric

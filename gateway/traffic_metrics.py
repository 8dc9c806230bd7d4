"""What workers count of replies, as Prometheus takes it.

Workers count by day (UTC), so counters begin again at midnight, which Prometheus takes for a
restart. What can also fall within a day is a gauge. No label has other values than those that
shared/jobs.py and shared/handovers.py list, and the tenants' names; entries are in `parley report`
alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import get_args

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from shared.counts import BEYOND, BOUNDS_MS, CountedField, read_field, sum_by
from shared.jobs import RefusalReason

_TENANT = "tenant"
_SEGMENT = ("variant", "encoder")
_read_field = lru_cache(10_000)(read_field)  # all tenants have the same fields


@dataclass(frozen=True, slots=True)
class _Family:
    """A metric: which fields are summed up, by which labels; `unit` is what one of its own is."""

    name: str
    text: str
    labels: Sequence[str]
    only: Mapping[str, str] = field(default_factory=dict)
    unit: float = 1


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
_REFUSED = _Family(
    "parley_voice_refused_sentences",
    "sentences of a language model's that were not shown, by reason",
    ("reason",),
)
# Tenants whose replies are put into a language model's words have all of them.
_VOICE = (
    _Family(
        "parley_voice_replies",
        "replies that were to be put into a language model's words, by whose went out",
        ("words",),
    ),
    _Family(
        "parley_voice_sentences",
        "sentences that a language model finished",
        (),
        {"voice": "sentences"},
    ),
    _Family(
        "parley_voice_faults",
        "replies that a language model did not finish",
        (),
        {"voice": "faults"},
    ),
    _Family(
        "parley_voice_model_seconds",
        "time that replies were with a language model",
        (),
        {"voice": "ms"},
        1_000,
    ),
    _REFUSED,
)
_TOKENS = ("prompt", "completion")
_GAUGES = (
    _Family("parley_conversations", "conversations by their last turn", (*_SEGMENT, "resolved")),
    _Family("parley_feedback", "feedback by score", (*_SEGMENT, "score")),
)


def traffic_metrics(counted: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
    """Yield the metrics of a day from the fields of each tenant."""
    fields: list[CountedField] = [
        ({_TENANT: tenant, **_read_field(field)}, amount)
        for tenant, of_tenant in counted.items()
        for field, amount in of_tenant.items()
    ]
    # So that the first of a day is an increase.
    fields += [({_TENANT: each, "failure": end}, 0) for each in counted for end in _ENDS]
    fields += _nothing_refused(fields)
    for each in (*_COUNTERS, *_VOICE):
        counter = CounterMetricFamily(each.name, each.text, labels=(_TENANT, *each.labels))
        yield _fill(counter, each, fields)
    for each in _GAUGES:
        gauge = GaugeMetricFamily(each.name, each.text, labels=(_TENANT, *each.labels))
        yield _fill(gauge, each, fields)
    yield _voice_tokens(fields)
    yield _reply_seconds(fields)
    yield _first_sentence_seconds(fields)


def _nothing_refused(fields: Sequence[CountedField]) -> list[CountedField]:
    """Return zeros for each tenant that has a voice."""
    speaking = sum_by(fields, (_TENANT, "words"))
    zeros = [{"reason": reason} for reason in get_args(RefusalReason)]
    zeros += [{"voice": name} for name in ("sentences", "faults")]
    return [({_TENANT: tenant, **zero}, 0) for tenant, _ in speaking for zero in zeros]


def _voice_tokens(fields: Sequence[CountedField]) -> Metric:
    metric = CounterMetricFamily(
        "parley_voice_tokens",
        "tokens that a language model read and wrote",
        labels=(_TENANT, "kind"),
    )
    for (tenant, name), amount in sum_by(fields, (_TENANT, "voice")).items():
        kind = name.removesuffix("_tokens")
        if kind in _TOKENS:
            metric.add_metric((tenant, kind), amount)
    return metric


def _fill(
    metric: CounterMetricFamily | GaugeMetricFamily, family: _Family, fields: Sequence[CountedField]
) -> Metric:
    for values, amount in sum_by(fields, (_TENANT, *family.labels), family.only).items():
        metric.add_metric(values, amount / family.unit if family.unit > 1 else amount)
    return metric


def _reply_seconds(fields: Sequence[CountedField]) -> Metric:
    metric = HistogramMetricFamily(
        "parley_reply_seconds", "time from acceptance to the reply", labels=(_TENANT, *_SEGMENT)
    )
    sums = sum_by(fields, (_TENANT, *_SEGMENT, "total_ms"))
    totals = {tuple(segment): total for (*segment, _), total in sums.items()}
    return _fill_histogram(metric, totals, sum_by(fields, (_TENANT, *_SEGMENT, "ms")))


def _first_sentence_seconds(fields: Sequence[CountedField]) -> Metric:
    metric = HistogramMetricFamily(
        "parley_voice_first_sentence_seconds",
        "time with a language model until its first sentence was shown",
        labels=(_TENANT,),
    )
    totals = sum_by(fields, (_TENANT,), {"voice": "first_ms"})
    return _fill_histogram(metric, totals, sum_by(fields, (_TENANT, "first")))


def _fill_histogram(
    metric: HistogramMetricFamily,
    totals: Mapping[tuple[str, ...], int],
    by_bucket: Mapping[tuple[str, ...], int],
) -> Metric:
    """Fill it from sums of milliseconds, and from numbers by the same labels and the bucket."""
    for segment, total in totals.items():
        buckets, below = [], 0
        for bound in (*map(str, BOUNDS_MS), BEYOND):
            below += by_bucket.get((*segment, bound), 0)
            buckets.append(("+Inf" if bound == BEYOND else str(int(bound) / 1000), below))
        metric.add_metric(segment, buckets, total / 1000)
    return metric

"""What Redis holds beside the queues, and which Parley this is, as Prometheus takes it."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from gateway.storage import Storage
from shared.version import VERSION


def storage_metrics(storage: Storage) -> Iterator[Metric]:
    """Yield the metrics of what was counted."""
    yield GaugeMetricFamily(
        "parley_dead_letters_kept",
        "dead letters that nobody has retried or dropped",
        storage.dead_letters,
    )
    yield GaugeMetricFamily(
        "parley_parked_messages",
        "messages that wait for another of their conversation",
        storage.parked,
    )
    yield GaugeMetricFamily(
        "parley_scheduled_messages", "messages that are not due yet (eta)", storage.scheduled
    )
    quarantined = GaugeMetricFamily(
        "parley_quarantined_messages",
        "messages that two workers died with, and that wait for a worker that holds nothing else",
        labels=("queue",),
    )
    for queue, messages in storage.quarantined.items():
        quarantined.add_metric((queue,), messages)
    yield quarantined
    yield GaugeMetricFamily(
        "parley_redis_memory_bytes", "memory that Redis takes", storage.memory_bytes
    )
    yield GaugeMetricFamily(
        "parley_redis_memory_limit_bytes",
        "memory that Redis may take; absent without a limit",
        storage.memory_limit_bytes,
    )


def build_info() -> Metric:
    """Return which version the gateway is."""
    family = GaugeMetricFamily(
        "parley_build_info", "1, by the gateway's version", labels=("version",)
    )
    family.add_metric((VERSION,), 1)
    return family

"""What queues, handovers and workers are like at the moment of a scrape, and its exposition."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from gateway.health import Health
from gateway.metrics import Metrics
from gateway.process_metrics import ProcessesCollector
from gateway.queue.handovers import HandoverFigures, Handovers
from gateway.queue.traffic import Traffic
from gateway.queue_load import work_seconds
from gateway.storage_metrics import build_info, storage_metrics
from gateway.traffic_metrics import traffic_metrics
from gateway.worker_metrics import worker_metrics
from shared.clock import Clock
from shared.errors import QueueUnavailable
from shared.worker_status import WorkerStatus


class TenantCollector(Collector):
    """Read what may be shown to a tenant at the moment of a scrape: its own."""

    def __init__(self, handovers: Handovers, traffic: Traffic, clock: Clock, tenant: str) -> None:
        self._handovers = handovers
        self._traffic = traffic
        self._clock = clock
        self._tenants = (tenant,)

    def collect(self) -> Iterator[Metric]:
        """Yield what can be read; nothing without Redis."""
        try:
            figures = self._handovers.figures(self._tenants)
            counted = self._traffic.today(self._tenants)
        except QueueUnavailable:
            return
        yield from _handover_metrics(figures, self._clock.now())
        yield from traffic_metrics(counted)


class OperationsCollector(Collector):
    """Read queues, handovers and what workers count at the moment of a scrape, of all tenants."""

    def __init__(
        self, health: Health, handovers: Handovers, traffic: Traffic, clock: Clock
    ) -> None:
        self._health = health
        self._handovers = handovers
        self._traffic = traffic
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Yield what can be read; without Redis only that it is down."""
        yield build_info()
        up = GaugeMetricFamily("parley_redis_up", "1 if Redis answers the gateway")
        try:
            backlogs, workers = self._health.backlogs(), self._health.workers()
            oldest, foreign = self._health.oldest_seconds(), self._health.foreign_lists()
            storage = self._health.storage()
            of_tenants = self._traffic.tenants()
            figures = self._handovers.figures(of_tenants)
            counted = self._traffic.today(of_tenants)
        except QueueUnavailable:
            up.add_metric((), 0)
            yield up
            return
        up.add_metric((), 1)
        yield up
        yield from _backlog(backlogs)
        yield from _queue_times(backlogs, oldest, workers)
        yield _foreign_messages(foreign)
        yield from storage_metrics(storage)
        yield from _handover_metrics(figures, self._clock.now())
        yield from _webhook_metrics(figures, self._clock.now())
        yield from worker_metrics(workers)
        for metric in traffic_metrics(counted):
            yield metric
            time.sleep(0)  # with many tenants each takes a while: other requests go on


def expose(metrics: Metrics, collector: OperationsCollector, *, many_processes: bool) -> bytes:
    """Return the exposition in Prometheus's text format, of all gateway processes together."""
    operations = CollectorRegistry()
    operations.register(collector)
    operations.register(ProcessesCollector(many_processes=many_processes))
    own = metrics.registry
    if many_processes:
        own = CollectorRegistry()
        cast("Any", MultiProcessCollector)(own)
    return generate_latest(own) + generate_latest(operations)


def expose_to_tenant(collector: TenantCollector) -> bytes:
    """Return the exposition of what is a tenant's own."""
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)


def _backlog(backlogs: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
    """Yield the backlog of each queue, and what tenants other than the default one have in it."""
    total = GaugeMetricFamily(
        "parley_queue_messages", "messages that wait on a queue", labels=("queue",)
    )
    own = GaugeMetricFamily(
        "parley_tenant_messages",
        "messages of a tenant that wait on a queue, where there are several tenants",
        labels=("queue", "tenant"),
    )
    for queue, waiting in backlogs.items():
        total.add_metric((queue,), sum(waiting.values()))
        for tenant, messages in waiting.items() if len(waiting) > 1 else ():
            own.add_metric((queue, tenant), messages)
    yield from (total, own)


def _queue_times(
    backlogs: Mapping[str, Mapping[str, int]],
    oldest: Mapping[str, float],
    workers: Sequence[WorkerStatus],
) -> Iterator[Metric]:
    """Yield how long each queue's oldest message has waited, and how much work waits there."""
    age = GaugeMetricFamily(
        "parley_queue_oldest_seconds",
        "age of the oldest message that waits on a queue",
        labels=("queue",),
    )
    work = GaugeMetricFamily(
        "parley_queue_work_seconds",
        "time that a queue's live workers need for the messages that wait",
        labels=("queue",),
    )
    waiting = {queue: sum(by_tenant.values()) for queue, by_tenant in backlogs.items()}
    for queue, seconds in work_seconds(waiting, workers).items():
        age.add_metric((queue,), oldest[queue])
        work.add_metric((queue,), seconds)
    yield from (age, work)


def _foreign_messages(lists: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(
        "parley_foreign_messages",
        "messages in a list that looks meant for a queue and that no worker serves",
        labels=("list",),
    )
    for name, messages in lists.items():
        family.add_metric((name.encode("unicode_escape").decode(),), messages)
    return family


def _handover_metrics(figures: HandoverFigures, now: float) -> Iterator[Metric]:
    """Yield how many handovers wait, and the age of the oldest (0: none)."""
    count = GaugeMetricFamily("parley_handovers", "handovers by state", labels=("state",))
    age = GaugeMetricFamily(
        "parley_handover_oldest_seconds", "age of a state's oldest handover", labels=("state",)
    )
    for state, number, since in (
        ("open", figures.open, figures.open_since),
        ("claimed", figures.claimed, figures.claimed_since),
    ):
        count.add_metric((state,), number)
        age.add_metric((state,), _age(since, now))
    yield from (count, age)


def _webhook_metrics(figures: HandoverFigures, now: float) -> Iterator[Metric]:
    """Yield the same of webhook events."""
    events = GaugeMetricFamily("parley_webhook_waiting", "webhook events not delivered yet")
    events.add_metric((), figures.events)
    oldest = GaugeMetricFamily("parley_webhook_oldest_seconds", "age of the oldest of them")
    oldest.add_metric((), _age(figures.events_since, now))
    yield from (events, oldest)


def _age(since: float | None, now: float) -> float:
    return 0.0 if since is None else max(0.0, now - since)

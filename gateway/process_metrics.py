"""What the processes of this gateway take of their machine, as any of them can read it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_LABELS = ("pid",)


class ProcessesCollector(Collector):
    """Read the figures of this process, or of all that gunicorn has forked beside it."""

    def __init__(self, *, many_processes: bool) -> None:
        self._many_processes = many_processes

    def collect(self) -> Iterator[Metric]:
        """Yield the client library's metrics of processes, by process; none without /proc."""
        families: dict[str, Metric] = {}
        for pid in self._pids():
            for own in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():  # type: ignore[misc]
                family = families.setdefault(own.name, _empty(own))
                for sample in own.samples:
                    family.add_sample(sample.name, {"pid": str(pid)}, sample.value)
        yield from families.values()

    def _pids(self) -> Sequence[int]:
        if not self._many_processes:
            return (os.getpid(),)
        parent = os.getppid()
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        except OSError:
            return (os.getpid(),)
        return [int(pid) for pid in children]


def _empty(metric: Metric) -> Metric:
    if metric.type == "counter":
        return CounterMetricFamily(metric.name, metric.documentation, labels=_LABELS)
    return GaugeMetricFamily(metric.name, metric.documentation, labels=_LABELS)

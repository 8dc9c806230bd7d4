"""Observe a running system from outside: processor time, memory, its own counters."""

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import psutil
from prometheus_client.parser import text_string_to_metric_families

from infra.client_settings import key_headers
from infra.harness.systems import System
from infra.http_client import get
from infra.supervisor.probes import live_workers
from shared import keys
from shared.worker_status import WorkerStatus

CHAT, ENQUEUE = "parley_gateway_chat_seconds", "parley_gateway_enqueue_seconds"
_GATEWAY_SUMS = {f"{name}_{part}" for name in (CHAT, ENQUEUE) for part in ("sum", "count")}
_TIMEOUT_SECONDS = 15.0  # an overloaded gateway takes its time


@dataclass(frozen=True, slots=True)
class Observation:
    """Sums since each process began, by the name of its service; children count for their service.

    `counters` are those of a queue's workers together, from their last heartbeats, which come
    once a second, and `engines` what these run; `gateway` holds sums and counts of its times by
    their names at /metrics. `busy_seconds` is the time of all processors that went to any program,
    or to other machines on the same hardware; `at` is when it was read.
    """

    cpu_seconds: Mapping[str, float] = field(default_factory=dict)
    rss_bytes: Mapping[str, int] = field(default_factory=dict)
    counters: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    engines: Mapping[str, str] = field(default_factory=dict)
    gateway: Mapping[str, float] = field(default_factory=dict)
    busy_seconds: float = 0.0
    at: float = 0.0


def observe(pids: Mapping[str, int], system: System | None = None) -> Observation:
    """Observe processes and, if a system's Redis holds heartbeats, workers and gateway."""
    at, busy = time.monotonic(), _busy_seconds()
    usage = {name: _usage(pid) for name, pid in pids.items()}
    cpu = {name: seconds for name, (seconds, _) in usage.items()}
    rss = {name: used for name, (_, used) in usage.items()}
    seen = Observation(cpu, rss, busy_seconds=busy, at=at)
    if system is None or system.redis_url is None:
        return seen
    live = {queue: live_workers(system.redis_url, queue) for queue in keys.QUEUES}
    workers = {queue: found for queue, found in live.items() if found}
    return dataclasses.replace(
        seen,
        counters={queue: _sums(found) for queue, found in workers.items()},
        engines={
            queue: ", ".join(sorted({each.engine for each in found}))
            for queue, found in workers.items()
        },
        gateway=_gateway_sums(_metrics(system)),
    )


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    steal: float = getattr(times, "steal", 0.0)
    return float(times.user + times.nice + times.system) + steal


def _usage(pid: int) -> tuple[float, int]:
    cpu, rss = 0.0, 0
    for process in _family(pid):
        try:
            with process.oneshot():
                times = process.cpu_times()
                rss += process.memory_info().rss
        except psutil.Error:  # it has just ended
            continue
        cpu += times.user + times.system
    return cpu, rss


def _family(pid: int) -> Iterator[psutil.Process]:
    try:
        head = psutil.Process(pid)
        yield head
        yield from head.children(recursive=True)
    except psutil.NoSuchProcess:
        return


def _sums(workers: Sequence[WorkerStatus]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for status in workers:
        for counter, value in status.counters.items():
            sums[counter] = sums.get(counter, 0.0) + value
    return sums


def _gateway_sums(exposition: str) -> dict[str, float]:
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name in _GATEWAY_SUMS
    }


def _metrics(system: System) -> str:
    headers = key_headers(system.api_key)
    return get(system.url, "/metrics", _TIMEOUT_SECONDS, headers).body.decode()

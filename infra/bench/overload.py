"""What is left of a system that is offered twice what it can answer.

    python -m infra.bench.overload [SECONDS] [SYSTEM]

First as many as it answers in a closed loop of 256 users, then an open loop of twice as many. The
window opens once the queue is as long as it gets. SYSTEM is one of those of `parley bench` that
run Parley; `scale-4` measures gateway and Redis alone, with engines that sleep.
"""

import os
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from gateway.settings import GatewaySettings
from infra.bench.campaign import LoadMeter
from infra.bench.figures import Figures
from infra.bench.plan import BenchPlan
from infra.bench.systems import SERVED
from infra.client_settings import key_headers
from infra.harness.messages import read_messages
from infra.harness.ports import free_ports
from infra.harness.running_system import RunningSystem, running_system
from infra.harness.systems import Allocation, System
from infra.http_client import get
from infra.supervisor.logs import LogFolder
from infra.supervisor.settings import StackSettings
from shared.settings import load

_USERS, _TIMES = 256, 2.0
_SPARE_USERS = 500  # those who are being refused
_GATEWAY = "gateway"
_SENT = "sent to Redis"
_COUNTS = {
    "parley_http_request_duration_seconds_count": "status",
    "parley_http_problems_total": "problem",
    "parley_gateway_enqueued_together_sum": _SENT,
}


def measure(seconds: float, name: str, folder: Path) -> None:
    """Print the figures of one system."""
    texts = folder / "messages.json"
    texts.write_bytes(msgspec.json.encode(read_messages(None).texts))
    (folder / "data").mkdir()
    http, redis, flower = free_ports(3)
    processors, models = len(os.sched_getaffinity(0)), load(StackSettings).model_folder
    allocation = Allocation(http, redis, flower, folder / "data", models, processors)
    plan = BenchPlan(systems=(name,), seconds=seconds, warm_seconds=4.0, slow_seconds=20.0)
    with running_system(SERVED[name](allocation), LogFolder(folder / "log")) as host:
        _measure(host, folder, texts, plan)


def _measure(host: RunningSystem, folder: Path, texts: Path, plan: BenchPlan) -> None:
    saturated = LoadMeter(host, folder, texts, plan, _show).measure(_USERS)
    _print("closed loop", saturated)
    wait = load(GatewaySettings).longest_wait_seconds
    fastest = saturated.messages_per_second
    users = int(1.5 * wait * fastest) + _SPARE_USERS
    longer = replace(plan, warm_seconds=1.5 * wait + plan.warm_seconds, slow_seconds=3 * wait)
    before = _counts(host.system)
    overloaded = LoadMeter(host, folder, texts, longer, _show).measure(users, _TIMES * fastest)
    _print(f"{_TIMES:g} times", overloaded)
    print(f"goodput / saturation  {overloaded.goodput_per_second / fastest:.2f}")
    print(f"gateway's CPU a refusal  {refusal_us(saturated, overloaded):.0f} us")
    print(f"while overloaded: {grown(before, _counts(host.system))}")


def refusal_us(saturated: Figures, overloaded: Figures) -> float:
    """Return what the gateway needed beyond the answers, a refusal, in microseconds.

    An answer is taken to cost what it did without refusals. What each costs more of among many is
    thus the refusals' too.
    """
    answered, offered = overloaded.messages_per_second, overloaded.offered_per_second or 0.0
    beyond_ms = (overloaded.cpu_ms[_GATEWAY] - saturated.cpu_ms[_GATEWAY]) * answered
    return 1e3 * beyond_ms / max(1.0, offered - answered)


def grown(before: Counter[str], after: Counter[str]) -> str:
    """Return by how much each count has grown, and how many refusals never came to Redis."""
    counts = after - before
    gateways = max(0, counts["queue-full"] - max(0, counts[_SENT] - counts["200"]))
    shown = [f"{name} {count:,}" for name, count in counts.items()]
    return ", ".join([*shown, f"refused without Redis about {gateways:,}"])


def _counts(system: System) -> Counter[str]:
    """Return how often POST /chat was answered with each status and problem, and sent to Redis."""
    page = get(system.url, "/metrics", 10.0, key_headers(system.api_key)).body.decode()
    return counts_of(page)


def counts_of(page: str) -> Counter[str]:
    """Return the same, as /metrics has it."""
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name in _COUNTS and sample.labels.get("route", "chat") == "chat":
                label = _COUNTS[sample.name]
                found[sample.labels.get(label, label)] += round(sample.value)
    return found


def _print(load_name: str, figures: Figures) -> None:
    latency = figures.latency
    times = f"p50 {latency.p50_ms:.0f} ms, p99 {latency.p99_ms:.0f} ms" if latency else "no answer"
    cpu = ", ".join(f"{name} {ms:.2f}" for name, ms in figures.cpu_ms.items())
    print(f"{load_name:<12} {figures.messages_per_second:6.0f} answers/s  {times}", flush=True)
    stages = ", ".join(f"{name} {ms:.0f}" for name, ms in figures.stages_ms.items())
    print(f"{'':<12} CPU ms an answer: {cpu}", flush=True)
    print(f"{'':<12} ms in each stage: {stages}; sent late {figures.late_ms or 0:.0f}", flush=True)


def _show(stage: str) -> None:
    print(f"... {stage}", file=sys.stderr, flush=True)


def main(seconds: float, name: str) -> None:
    """Measure in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        measure(seconds, name, Path(folder))


if __name__ == "__main__":
    main(
        float(sys.argv[1]) if len(sys.argv) > 1 else 10.0,
        sys.argv[2] if len(sys.argv) > 2 else "parley",
    )

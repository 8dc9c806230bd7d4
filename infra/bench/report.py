"""One benchmark run as a whole: where it ran, what was measured, and what follows."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from infra.bench.figures import Batches, Figures
from infra.bench.messages import Messages
from infra.bench.plan import IDEAL, SWEEP
from shared import keys

COMPARED_AT = 256  # users, where both systems have that; else the most they have in common
_CALM = 0.7  # share of saturation at which a service would be run


@dataclass(frozen=True, slots=True)
class Machine:
    """What it ran on."""

    processor: str
    processors: int
    memory_gb: float
    system: str
    python: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that a run has to say; `settings` are the PARLEY_* variables it ran with."""

    made_at: str
    machine: Machine
    messages: str
    different_messages: int
    settings: Mapping[str, str]
    figures: tuple[Figures, ...]
    comparisons: Mapping[str, float]

    def save(self, path: Path) -> None:
        """Write the report as JSON."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")


def make_report(made_at: str, messages: Messages, figures: Sequence[Figures]) -> Report:
    """Put a report together."""
    return Report(
        made_at=made_at,
        machine=this_machine(),
        messages=messages.source,
        different_messages=len(messages.texts),
        settings={k: v for k, v in sorted(os.environ.items()) if k.startswith("PARLEY_")},
        figures=tuple(figures),
        comparisons=compare(figures),
    )


def this_machine() -> Machine:
    """Describe the machine this runs on."""
    return Machine(
        processor=_processor(),
        processors=len(os.sched_getaffinity(0)),
        memory_gb=round(psutil.virtual_memory().total / 1e9, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
    )


def closed(figures: Sequence[Figures], system: str) -> dict[int, Figures]:
    """Return a system's closed-loop figures by users."""
    return {f.users: f for f in figures if f.system == system and f.offered_per_second is None}


def opened(figures: Sequence[Figures], system: str) -> list[Figures]:
    """Return a system's open-loop figures, from few arrivals to many."""
    rated = [f for f in figures if f.system == system and f.offered_per_second is not None]
    return sorted(rated, key=lambda f: f.offered_per_second or 0.0)


def compare(figures: Sequence[Figures]) -> dict[str, float]:
    """Return the ratios and single figures that a reader looks for first, as far as measured."""
    ours = closed(figures, "parley")
    told: dict[str, float] = {}
    for peer in ("stock", "tutorial"):
        common = sorted(ours.keys() & closed(figures, peer).keys())
        if common:
            at = COMPARED_AT if COMPARED_AT in common else common[-1]
            theirs = closed(figures, peer)[at].messages_per_second
            if theirs:
                told[f"parley ÷ {peer}, {at} users"] = ours[at].messages_per_second / theirs
    told |= _beside_ideal(figures, ours) | _beside_echo(figures, ours) | _beside_engine(ours)
    return told | _alone(figures, ours)


def _beside_ideal(figures: Sequence[Figures], ours: Mapping[int, Figures]) -> dict[str, float]:
    at = _reference(ours)
    if at is None:
        return {}
    return {
        f"parley, {at} users ÷ ideal ×{processes}": ours[at].messages_per_second
        / ideal.messages_per_second
        for processes, ideal in closed(figures, IDEAL).items()
        if ideal.messages_per_second
    }


def _beside_echo(figures: Sequence[Figures], ours: Mapping[int, Figures]) -> dict[str, float]:
    common = sorted(ours.keys() & closed(figures, "echo").keys())
    if not common:
        return {}
    at = COMPARED_AT if COMPARED_AT in common else common[-1]
    bare = closed(figures, "echo")[at].cpu_ms.get("gateway")
    own = ours[at].cpu_ms.get("gateway")
    if bare is None or own is None:
        return {}
    return {f"gateway CPU above a bare Flask echo, µs a message, {at} users": (own - bare) * 1e3}


def _alone(figures: Sequence[Figures], ours: Mapping[int, Figures]) -> dict[str, float]:
    told: dict[str, float] = {}
    if 1 in ours and (latency := ours[1].latency):
        told["p50 ms, 1 user"] = latency.p50_ms
    for users in sorted({1, _reference(ours) or 1} & ours.keys()):
        batches = ours[users].batches.get(keys.INFERENCE)
        if batches and batches.mean_batch:
            told[f"mean batch, {users} users"] = batches.mean_batch
        if batches and batches.padding_waste is not None and users != 1:
            told[f"padding waste, {users} users"] = batches.padding_waste
    calm = _calm(figures, ours)
    if calm and calm.latency:
        told[f"p99 ms, {_CALM:.0%} of saturation"] = calm.latency.p99_ms
    return told


def worker_steps(figures: Figures, queue: str) -> dict[str, float]:
    """Return milliseconds of CPU a message in each step of a queue's workers, and in the rest."""
    batches = figures.batches.get(queue, Batches())
    steps = dict(batches.step_cpu_ms)
    total = figures.cpu_ms.get(queue)
    return steps | {"rest": total - sum(steps.values())} if steps and total else {}


def _beside_engine(ours: Mapping[int, Figures]) -> dict[str, float]:
    at = _reference(ours)
    steps = {} if at is None else worker_steps(ours[at], keys.INFERENCE)
    if not steps:
        return {}
    return {
        f"inference worker CPU outside the engine, µs a message, {at} users": 1e3
        * (sum(steps.values()) - steps["engine"]),
        "of it lease and complete": 1e3 * (steps["lease"] + steps["complete"]),
    }


def _calm(figures: Sequence[Figures], ours: Mapping[int, Figures]) -> Figures | None:
    """Return the open-loop figures nearest to the calm share, within half a step of the sweep."""
    fastest = max((f.messages_per_second for f in ours.values()), default=0.0)
    rated = opened(figures, "parley")
    if not fastest or not rated:
        return None

    def distance(candidate: Figures) -> float:
        return abs((candidate.offered_per_second or 0.0) / fastest - _CALM)

    nearest = min(rated, key=distance)
    return nearest if distance(nearest) < (SWEEP[3] - SWEEP[2]) / 2 else None


def _reference(ours: Mapping[int, Figures]) -> int | None:
    return COMPARED_AT if COMPARED_AT in ours else max(ours, default=None)


def _processor() -> str:
    table = Path("/proc/cpuinfo")
    if table.exists():
        for line in table.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

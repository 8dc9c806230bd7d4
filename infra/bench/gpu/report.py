"""What a run on a GPU found, as JSON and as one table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from infra.bench.figures import GENERATOR, Figures
from infra.bench.gpu.plan import Stack
from infra.bench.gpu.usage import Usage
from infra.bench.gpu.warm_up import WarmUp
from infra.harness.machine import Machine
from infra.tables import NO_VALUE, Table
from shared import keys

_HEAD = (
    *("encoder", "workers", "batch limit", "Redis", "users"),
    *("msg/s", "p50 ms", "p99 ms", "err", "batch"),
    *("GPU busy", "GPU MB", "CPU ms", "of it inference", "busiest", "start s"),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One stack under one load. `start_seconds`: until it answered, XLA's compiling included."""

    stack: Stack
    figures: Figures
    usage: Usage
    start_seconds: float


@dataclass(frozen=True, slots=True)
class GpuReport:
    """A run as a whole; `left_out` says of stacks why they were not measured."""

    machine: Machine
    gpu: str | None
    engine: str
    seconds: float
    measured: tuple[Measured, ...]
    left_out: tuple[str, ...]
    warm_ups: Mapping[str, WarmUp] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write gpu.json and gpu.md."""
        content = msgspec.json.format(msgspec.json.encode(self))
        (folder / "gpu.json").write_bytes(content + b"\n")
        (folder / "gpu.md").write_text(self.markdown(), "utf-8")

    def markdown(self) -> str:
        """Return all on a page."""
        where = f"{self.gpu or 'no GPU'}; {self.machine.summary}; engine {self.engine}"
        notes = "".join(f"\nWarm-up, {what}: {each}\n" for what, each in self.warm_ups.items())
        notes += "".join(f"\nLeft out: {what}\n" for what in self.left_out)
        return f"{where}; {self.seconds:.0f} s\n\n{table(self.measured).markdown()}\n{notes}"


def table(measured: Iterable[Measured]) -> Table:
    """Return one row for each load."""
    return Table("Workers on one GPU", _HEAD, tuple(map(_row, measured)))


def _row(each: Measured) -> tuple[str, ...]:
    figures, latency = each.figures, each.figures.latency
    batches = figures.batches.get(keys.INFERENCE)
    inference = sum(ms for name, ms in figures.cpu_ms.items() if name.startswith(keys.INFERENCE))
    return (
        each.stack.encoder,
        str(each.stack.workers),
        str(each.stack.max_batch),
        str(each.stack.masters),
        f"{figures.users:,}",
        f"{figures.messages_per_second:,.0f}",
        f"{latency.p50_ms:,.0f}" if latency else NO_VALUE,
        f"{latency.p99_ms:,.0f}" if latency else NO_VALUE,
        str(figures.errors),
        f"{batches.mean_batch:.0f}" if batches and batches.mean_batch else NO_VALUE,
        f"{each.usage.busy:.0%}" if each.usage.busy is not None else NO_VALUE,
        f"{each.usage.memory_mb:,.0f}" if each.usage.memory_mb is not None else NO_VALUE,
        f"{figures.system_cpu_ms:.2f}",
        f"{inference:.2f}",
        _busiest(figures),
        f"{each.start_seconds:.0f}",
    )


def _busiest(figures: Figures) -> str:
    """Name the process that leaves least of a processor unused: one of one thread is the wall."""
    own = {name: ms for name, ms in figures.cpu_ms.items() if name != GENERATOR}
    if not own:
        return NO_VALUE
    name = max(own, key=lambda each: own[each])
    return f"{name} {own[name] * figures.messages_per_second / 1e3:.0%}"

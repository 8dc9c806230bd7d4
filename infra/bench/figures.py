"""What is reported of one system under one load."""

from collections.abc import Mapping
from dataclasses import dataclass, field

GENERATOR = "load generator"  # among the processes, but no part of the system
NOISY_CORES = 0.15
SATURATED = 0.95  # below this share of the offered load a system is saturated


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from when a request was due to the last byte of its answer."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    mean_ms: float


@dataclass(frozen=True, slots=True)
class Batches:
    """What a queue's workers ran in the window, and on which engine; None if they do not say.

    `padding_waste` is the share of the tokens computed that belong to no message. `step_cpu_ms` is
    the processor time of a step for each message that the system answered, as Figures' `cpu_ms`:
    also where most of them went past the engine, or to no such worker.
    """

    mean_batch: float | None = None
    padding_waste: float | None = None
    step_cpu_ms: Mapping[str, float] = field(default_factory=dict)
    engine: str | None = None


@dataclass(frozen=True, slots=True)
class SecondLooks:
    """Messages that the small encoder was not sure of, and what became of them in the window."""

    asked: float
    handed: float
    done: float
    late: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One system under one load.

    `users` ask again once answered (closed loop) or, if `offered_per_second` is set, arrivals
    come at that rate, answered or not (open loop). `goodput_per_second` counts what was answered
    before its deadline. `cpu_ms` and `rss_mb` are by process,
    the load generator among them; `stages_ms` are mean times of a message. `late_ms` is how late,
    at the 99th percentile, the generator itself sent; `other_cores` how many processors other
    programs kept busy meanwhile: none in a fair measurement.
    """

    system: str
    users: int
    offered_per_second: float | None
    seconds: float
    answered: int
    errors: int
    messages_per_second: float
    latency: Latency | None
    cpu_ms: Mapping[str, float] = field(default_factory=dict)
    rss_mb: Mapping[str, float] = field(default_factory=dict)
    batches: Mapping[str, Batches] = field(default_factory=dict)
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    second_looks: SecondLooks | None = None
    late_ms: float | None = None
    other_cores: float = 0.0
    goodput_per_second: float = 0.0

    @property
    def system_cpu_ms(self) -> float:
        """Return the CPU time of a message in all processes of the system itself."""
        return sum(ms for name, ms in self.cpu_ms.items() if name != GENERATOR)

    @property
    def system_rss_mb(self) -> float:
        """Return the memory of all processes of the system itself."""
        return sum(mb for name, mb in self.rss_mb.items() if name != GENERATOR)

    @property
    def noisy(self) -> bool:
        """Tell whether other programs used processors that the system could have used."""
        return self.other_cores > NOISY_CORES

    @property
    def saturated(self) -> bool:
        """Tell whether clearly less was answered than was offered."""
        offered = self.offered_per_second
        return offered is not None and self.messages_per_second < SATURATED * offered

"""What is reported of one system under one load, and how it follows from samples and counters."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from infra.bench.load import STAGES, Samples
from infra.bench.observe import CHAT, ENQUEUE, Observation
from shared import keys

NOISY_CORES = 0.15
_STEPS = ("lease", "prepare", "engine", "compose", "complete")  # as a message goes through them
_PROCESS = "processor_seconds"  # what all of it took, as it counts itself
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


GENERATOR = "load generator"


def summarise(
    system: str,
    samples: Samples,
    users: int,
    rate: float | None,
    before: Observation,
    after: Observation,
    deadline_seconds: float = math.inf,
) -> Figures:
    """Return the figures of one load; percentiles are of the requests that were answered.

    A closed loop counts requests answered in the window; an open loop those due in it, since a
    request that waits past its end is the slowest of all. Throughput is what was answered in the
    window either way.
    """
    seconds = samples.end - samples.begin
    in_window = _between(samples.done, samples)
    counted = in_window if rate is None else _between(samples.due, samples)
    answered = counted & samples.ok
    latencies = (samples.done - samples.due)[answered] * 1e3
    throughput = int((in_window & samples.ok).sum())
    cpu_ms = _cpu_ms(before, after, throughput)
    in_time = in_window & samples.ok & (samples.done - samples.due <= deadline_seconds)
    unanswered = int(_between(samples.offered, samples).sum() - counted.sum()) if rate else 0
    return Figures(
        system=system,
        users=users,
        offered_per_second=rate,
        seconds=seconds,
        answered=int(answered.sum()),
        errors=int((counted & ~samples.ok).sum()) + max(0, unanswered),
        messages_per_second=throughput / seconds,
        latency=_latency(latencies),
        cpu_ms=cpu_ms,
        rss_mb={name: used / 1e6 for name, used in after.rss_bytes.items()},
        batches={
            queue: _batches(before, after, queue, cpu_ms.get(queue)) for queue in after.counters
        },
        stages_ms=_stages(samples, in_window & samples.ok, before, after),
        second_looks=_second_looks(before, after),
        late_ms=_late_ms(samples, answered) if rate else None,
        other_cores=_other_cores(before, after),
        goodput_per_second=int(in_time.sum()) / seconds,
    )


def _between(times: NDArray[np.float64], samples: Samples) -> NDArray[np.bool_]:
    return (samples.begin <= times) & (times < samples.end)


def _latency(milliseconds: NDArray[np.float64]) -> Latency | None:
    if not len(milliseconds):
        return None
    p50, p95, p99 = (float(value) for value in np.percentile(milliseconds, (50, 95, 99)))
    return Latency(p50, p95, p99, float(milliseconds.mean()))


def _late_ms(samples: Samples, answered: NDArray[np.bool_]) -> float | None:
    late = (samples.sent - samples.due)[answered] * 1e3
    return float(np.percentile(late, 99)) if len(late) else None


def _cpu_ms(before: Observation, after: Observation, messages: int) -> dict[str, float]:
    if not messages:
        return {}
    return {
        name: (seconds - before.cpu_seconds.get(name, 0.0)) * 1e3 / messages
        for name, seconds in after.cpu_seconds.items()
    }


def _other_cores(before: Observation, after: Observation) -> float:
    elapsed = after.at - before.at
    if not elapsed:
        return 0.0
    own = sum(after.cpu_seconds.values()) - sum(before.cpu_seconds.values())
    return max(0.0, (after.busy_seconds - before.busy_seconds - own) / elapsed)


def _batches(
    before: Observation, after: Observation, queue: str, process_ms: float | None
) -> Batches:
    def gained(counter: str) -> float:
        then = before.counters.get(queue, {}).get(counter, 0.0)
        return after.counters[queue].get(counter, 0.0) - then

    def ratio(part: float, whole: float) -> float | None:
        return part / whole if part and whole else None

    filled = ratio(gained("tokens"), gained("padded_tokens"))
    # Heartbeats are up to a second older than the processes' times: only shares are of one moment.
    spent = gained(_PROCESS) if process_ms else 0.0
    counted = after.counters[queue]
    steps = [step for step in _STEPS if spent and f"{step}_cpu_seconds" in counted]
    return Batches(
        mean_batch=ratio(gained("messages"), gained("batches")),
        padding_waste=None if filled is None else 1 - filled,
        step_cpu_ms={
            step: gained(f"{step}_cpu_seconds") / spent * (process_ms or 0.0) for step in steps
        },
        engine=after.engines.get(queue),
    )


def _second_looks(before: Observation, after: Observation) -> SecondLooks | None:
    """Return the second looks of a cascade, None without one."""
    if keys.INFERENCE_LARGE not in after.counters:
        return None

    def gained(queue: str, counter: str) -> float:
        name = f"second_looks_{counter}"
        now, then = after.counters.get(queue, {}), before.counters.get(queue, {})
        return now.get(name, 0.0) - then.get(name, 0.0)

    return SecondLooks(
        asked=gained(keys.INFERENCE, "asked"),
        handed=gained(keys.INFERENCE, "handed"),
        done=gained(keys.INFERENCE_LARGE, "done"),
        late=gained(keys.INFERENCE_LARGE, "late"),
    )


def _stages(
    samples: Samples, answered: NDArray[np.bool_], before: Observation, after: Observation
) -> dict[str, float]:
    """Split a message's mean time by what the reply, the gateway and the workers report.

    What the client waited beyond the gateway is `http`; `enqueue` lasts until the queue has the
    message, `complete` is the worker's last call; what the gateway waited beyond that is `deliver`:
    the publication, and waking the request.
    """
    rows = samples.stages[answered]
    timed = rows[~np.isnan(rows).any(axis=1)]
    gateway_ms = _gateway_ms(CHAT, before, after)
    if not len(timed) or gateway_ms is None:
        return {}
    mean = dict(zip(STAGES, (float(value) for value in timed.mean(axis=0)), strict=True))
    client_ms = float((samples.done - samples.sent)[answered].mean()) * 1e3
    enqueue_ms = min(_gateway_ms(ENQUEUE, before, after) or 0.0, mean["queue_ms"])
    outside_ms = max(0.0, gateway_ms - mean["total_ms"])
    complete_ms = min(_completion_ms(before, after), outside_ms)
    return {
        "http": max(0.0, client_ms - gateway_ms),
        "enqueue": enqueue_ms,
        "queue": mean["queue_ms"] - enqueue_ms,
        "prepare": mean["prepare_ms"],
        "engine": mean["engine_ms"],
        "compose": mean["compose_ms"],
        "complete": complete_ms,
        "deliver": outside_ms - complete_ms,
    }


def _gateway_ms(name: str, before: Observation, after: Observation) -> float | None:
    def gained(part: str) -> float:
        return after.gateway.get(f"{name}_{part}", 0.0) - before.gateway.get(f"{name}_{part}", 0.0)

    return gained("sum") * 1e3 / gained("count") if gained("count") else None


def _completion_ms(before: Observation, after: Observation) -> float:
    def gained(counter: str) -> float:
        then = before.counters.get(keys.INFERENCE, {}).get(counter, 0.0)
        return after.counters.get(keys.INFERENCE, {}).get(counter, 0.0) - then

    return gained("completion_seconds") * 1e3 / gained("answered") if gained("answered") else 0.0

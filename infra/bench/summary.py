"""How the figures of one load follow from samples and from counters before and after."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infra.bench.figures import Batches, Figures, Latency, SecondLooks
from infra.bench.load import STAGES, Samples
from infra.bench.observe import CHAT, ENQUEUE, Observation
from shared import keys

_STEPS = ("lease", "prepare", "engine", "compose", "complete")  # as a message goes through them
_PROCESS = "processor_seconds"  # what all of it took, as it counts itself


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
    seconds, growth = samples.end - samples.begin, _Growth(before, after)
    in_window = _between(samples.done, samples)
    counted = in_window if rate is None else _between(samples.due, samples)
    answered, answered_in_window = counted & samples.ok, in_window & samples.ok
    in_time = answered_in_window & (samples.done - samples.due <= deadline_seconds)
    throughput = int(answered_in_window.sum())
    cpu_ms = growth.cpu_ms(throughput)
    unanswered = int(_between(samples.offered, samples).sum() - counted.sum()) if rate else 0
    return Figures(
        system=system,
        users=users,
        offered_per_second=rate,
        seconds=seconds,
        answered=int(answered.sum()),
        errors=int((counted & ~samples.ok).sum()) + max(0, unanswered),
        messages_per_second=throughput / seconds,
        latency=_latency(samples, answered),
        cpu_ms=cpu_ms,
        rss_mb={name: used / 1e6 for name, used in after.rss_bytes.items()},
        batches={
            queue: _batches(growth, queue, cpu_ms.get(queue, 0.0)) for queue in after.counters
        },
        stages_ms=_stages(samples, answered_in_window, growth),
        second_looks=_second_looks(growth),
        late_ms=_late_ms(samples, answered) if rate else None,
        other_cores=growth.other_cores,
        goodput_per_second=int(in_time.sum()) / seconds,
    )


@dataclass(frozen=True, slots=True)
class _Growth:
    """What sums grew by in the window."""

    before: Observation
    after: Observation

    def counter(self, queue: str, name: str) -> float:
        """Return it of a counter of a queue's workers."""
        now, then = self.after.counters.get(queue, {}), self.before.counters.get(queue, {})
        return now.get(name, 0.0) - then.get(name, 0.0)

    def gateway_ms(self, name: str) -> float | None:
        """Return the mean of one of the gateway's times; None if it measured none."""
        now, then = self.after.gateway, self.before.gateway
        total, count = (
            now.get(part, 0.0) - then.get(part, 0.0) for part in (f"{name}_sum", f"{name}_count")
        )
        return total * 1e3 / count if count else None

    def cpu_ms(self, messages: int) -> dict[str, float]:
        """Return the processor time of a message by process."""
        if not messages:
            return {}
        return {
            name: (seconds - self.before.cpu_seconds.get(name, 0.0)) * 1e3 / messages
            for name, seconds in self.after.cpu_seconds.items()
        }

    @property
    def other_cores(self) -> float:
        """Return how many processors other programs kept busy."""
        elapsed = self.after.at - self.before.at
        if not elapsed:
            return 0.0
        own = sum(self.after.cpu_seconds.values()) - sum(self.before.cpu_seconds.values())
        return max(0.0, (self.after.busy_seconds - self.before.busy_seconds - own) / elapsed)


def _between(times: NDArray[np.float64], samples: Samples) -> NDArray[np.bool_]:
    return (samples.begin <= times) & (times < samples.end)


def _latency(samples: Samples, answered: NDArray[np.bool_]) -> Latency | None:
    milliseconds = (samples.done - samples.due)[answered] * 1e3
    if not len(milliseconds):
        return None
    p50, p95, p99 = (float(value) for value in np.percentile(milliseconds, (50, 95, 99)))
    return Latency(p50, p95, p99, float(milliseconds.mean()))


def _late_ms(samples: Samples, answered: NDArray[np.bool_]) -> float | None:
    late = (samples.sent - samples.due)[answered] * 1e3
    return float(np.percentile(late, 99)) if len(late) else None


def _batches(growth: _Growth, queue: str, process_ms: float) -> Batches:
    def gained(counter: str) -> float:
        return growth.counter(queue, counter)

    def ratio(part: float, whole: float) -> float | None:
        return part / whole if part and whole else None

    filled = ratio(gained("tokens"), gained("padded_tokens"))
    # Heartbeats are up to a second older than the processes' times: only shares are of one moment.
    spent = gained(_PROCESS) if process_ms else 0.0
    counted = growth.after.counters[queue]
    steps = [step for step in _STEPS if spent and f"{step}_cpu_seconds" in counted]
    return Batches(
        mean_batch=ratio(gained("messages"), gained("batches")),
        padding_waste=None if filled is None else 1 - filled,
        step_cpu_ms={step: gained(f"{step}_cpu_seconds") / spent * process_ms for step in steps},
        engine=growth.after.engines.get(queue),
    )


def _second_looks(growth: _Growth) -> SecondLooks | None:
    """Return the second looks of a cascade, None without one."""
    if keys.INFERENCE_LARGE not in growth.after.counters:
        return None
    return SecondLooks(
        asked=growth.counter(keys.INFERENCE, "second_looks_asked"),
        handed=growth.counter(keys.INFERENCE, "second_looks_handed"),
        done=growth.counter(keys.INFERENCE_LARGE, "second_looks_done"),
        late=growth.counter(keys.INFERENCE_LARGE, "second_looks_late"),
    )


def _stages(samples: Samples, answered: NDArray[np.bool_], growth: _Growth) -> dict[str, float]:
    """Split a message's mean time by what the reply, the gateway and the workers report.

    What the client waited beyond the gateway is `http`; `enqueue` lasts until the queue has the
    message, `complete` is the worker's last call; what the gateway waited beyond that is `deliver`:
    the publication, and waking the request.
    """
    rows = samples.stages[answered]
    timed = rows[~np.isnan(rows).any(axis=1)]
    gateway_ms = growth.gateway_ms(CHAT)
    if not len(timed) or gateway_ms is None:
        return {}
    mean = dict(zip(STAGES, (float(value) for value in timed.mean(axis=0)), strict=True))
    client_ms = float((samples.done - samples.sent)[answered].mean()) * 1e3
    enqueue_ms = min(growth.gateway_ms(ENQUEUE) or 0.0, mean["queue_ms"])
    outside_ms = max(0.0, gateway_ms - mean["total_ms"])
    complete_ms = min(_completion_ms(growth), outside_ms)
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


def _completion_ms(growth: _Growth) -> float:
    answered = growth.counter(keys.INFERENCE, "answered")
    seconds = growth.counter(keys.INFERENCE, "completion_seconds")
    return seconds * 1e3 / answered if answered else 0.0

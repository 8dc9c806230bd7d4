"""What load to put on a server, and what came of it: shared by benchmark and generator."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

STAGES = ("queue_ms", "prepare_ms", "engine_ms", "compose_ms", "total_ms")
BEGIN, END = "begin", "end"  # lines that the generator prints when its window opens and closes


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """One load: `users` who ask again once answered, or `rate` arrivals a second.

    The window opens after `warm_seconds` and closes after `seconds`. A closed loop also waits, each
    time, until as many answers have come as there are users, at most `slow_seconds`: a slow server
    would otherwise be measured by its first answers alone. `messages` names a JSON array of texts,
    taken in order from `first` and, once all are used, from the start.
    """

    url: str
    messages: str
    first: int
    users: int
    warm_seconds: float
    seconds: float
    slow_seconds: float
    rate: float | None = None
    seed: int = 7
    api_key: str | None = None

    @property
    def bound_seconds(self) -> float:
        """Return the time after which a generator that has not ended never will."""
        return 4 * self.slow_seconds + self.warm_seconds + self.seconds + 60


@dataclass(frozen=True, slots=True)
class Samples:
    """Every request of one load. Times are seconds of the generator's clock.

    `due` is when a request should have been sent, which for arrivals at a rate may be earlier than
    it was. `stages` [requests, STAGES] holds the reply's own timings, NaN if it had none.
    `offered` are the due times of all arrivals, sent or not; empty for a closed loop.
    """

    begin: float
    end: float
    taken: int
    due: NDArray[np.float64]
    sent: NDArray[np.float64]
    done: NDArray[np.float64]
    ok: NDArray[np.bool_]
    stages: NDArray[np.float64]
    offered: NDArray[np.float64]

    def save(self, path: Path) -> None:
        """Write all to a file."""
        np.savez(path, **{name: getattr(self, name) for name in self.__slots__})


def read_samples(path: Path) -> Samples:
    """Read what `Samples.save` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in Samples.__slots__}
    begin, end, taken = float(arrays["begin"]), float(arrays["end"]), int(arrays["taken"])
    return Samples(**{**arrays, "begin": begin, "end": end, "taken": taken})


def arrivals(rate: float, seconds: float, seed: int) -> NDArray[np.float64]:
    """Return Poisson arrival times in [0, seconds), the same for the same seed."""
    expected = rate * seconds
    gaps = np.random.default_rng(seed).exponential(
        1 / rate, int(expected + 10 * expected**0.5 + 20)
    )
    times: NDArray[np.float64] = np.cumsum(gaps)
    return times[times < seconds]

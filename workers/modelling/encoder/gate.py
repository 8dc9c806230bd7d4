"""The precision gate: only an engine that is faster than the baseline and as accurate is chosen."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.errors import ModelError
from workers.engines.choice import write_choice
from workers.engines.engine import Engine, TokenBatch
from workers.engines.select import BASELINE, EngineName, machine_name, make_engine, runnable
from workers.engines.speed import rows_per_second
from workers.modelling.encoder.reference import token_rows

MIN_SPEEDUP = 1.2  # to the baseline: what a change of engine must be worth
MAX_ACCURACY_DROP = 0.5  # percentage points of 1-NN accuracy
_TIMED_ROWS = 512
_BATCH_SIZE = 128  # as a loaded worker runs them: every engine's shapes are full

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A text as users write it, and what it means."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What one engine does: its speed and its 1-NN accuracy (0-1)."""

    engine: EngineName
    rows_per_second: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One engine compared with the baseline; `refused` says why it may not be chosen, if so.

    `accuracy_drop` is in percentage points.
    """

    engine: EngineName
    rows_per_second: float
    accuracy: float
    speedup: float
    accuracy_drop: float
    refused: str | None


@dataclass(frozen=True, slots=True)
class GateReport:
    """All trials, the baseline's first, and the engine that `auto` takes from now on."""

    chosen: EngineName
    rows: int
    labels: int
    trials: tuple[Trial, ...]


def run_gate(
    model_dir: Path,
    rows: Sequence[LabelledRow],
    threads: int = 1,
    rounds: int = 3,
    progress: Progress = lambda _stage, _fraction: None,
    clock: Callable[[], float] = time.perf_counter,
) -> GateReport:
    """Measure each engine that runs here on the rows, choose one and store the choice.

    Speed is measured on about five hundred of the rows, with their mixed lengths. Raises ModelError
    if the rows cannot distinguish engines, EngineError if an engine does not start.
    """
    labels = _labels(rows)
    ids = token_rows(model_dir, tuple(row.text for row in rows))
    names = runnable(model_dir)
    engines: dict[EngineName, Engine] = {}
    for done, name in enumerate(names):
        progress(f"starting {name}", done / (len(names) + 2))
        engines[name] = make_engine(name, model_dir, "answer", threads)
        engines[name].warm()
    progress("timing", len(names) / (len(names) + 2))
    rates = rows_per_second(engines, ids[:: max(1, len(ids) // _TIMED_ROWS)], rounds, clock)
    progress("reading labelled rows", (len(names) + 1) / (len(names) + 2))
    measured = [
        Measured(name, rates[name], _accuracy(engines[name], ids, labels)) for name in names
    ]
    report = choose(measured, labels)
    write_choice(model_dir, report.chosen, machine_name())
    progress("done", 1.0)
    return report


def choose(measured: Sequence[Measured], labels: NDArray[np.intp]) -> GateReport:
    """Choose the fastest of those that may be chosen; the baseline always may."""
    (baseline,) = (each for each in measured if each.engine == BASELINE)
    trials = tuple(
        _trial(each, baseline) for each in sorted(measured, key=lambda each: each is not baseline)
    )
    best = max((t for t in trials if not t.refused), key=lambda trial: trial.rows_per_second)
    return GateReport(best.engine, len(labels), len(np.unique(labels)), trials)


def nearest_neighbour_accuracy(vectors: NDArray[np.float32], labels: NDArray[np.intp]) -> float:
    """Return the share of rows whose nearest other row has their label (1-NN, leave one out)."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    near = unit @ unit.T
    np.fill_diagonal(near, -np.inf)
    return float((labels[near.argmax(1)] == labels).mean())


def _trial(each: Measured, baseline: Measured) -> Trial:
    speedup = each.rows_per_second / baseline.rows_per_second
    drop = round(100 * (baseline.accuracy - each.accuracy), 6)  # 0.9 - 0.895 is more than 0.005
    refused = None
    if each is not baseline and drop > MAX_ACCURACY_DROP:
        refused = f"loses {drop:.2f} points"
    elif each is not baseline and speedup < MIN_SPEEDUP:
        refused = f"only {speedup:.3f} times as fast"
    return Trial(each.engine, each.rows_per_second, each.accuracy, speedup, drop, refused)


def _labels(rows: Sequence[LabelledRow]) -> NDArray[np.intp]:
    _, labels, counts = np.unique(
        [row.label for row in rows], return_inverse=True, return_counts=True
    )
    if len(counts) < 2 or counts.max() < 2:
        raise ModelError("the gate needs rows of two labels or more, and two rows of a label")
    return labels


def _accuracy(engine: Engine, ids: Sequence[Sequence[int]], labels: NDArray[np.intp]) -> float:
    return nearest_neighbour_accuracy(_vectors(engine, ids), labels)


def _vectors(engine: Engine, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    parts = (ids[first : first + _BATCH_SIZE] for first in range(0, len(ids), _BATCH_SIZE))
    return np.concatenate([engine.run(TokenBatch.of(part)) for part in parts])

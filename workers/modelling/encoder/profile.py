"""How fast is each engine, shape by shape? The figures behind the choice of shapes and threads."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from workers.engines.cost import CostModel, fit_cost
from workers.engines.engine import Engine, Shape, TokenBatch
from workers.engines.layout import EncoderName
from workers.engines.manifest import read_manifest
from workers.engines.select import Kind, select_engine

TYPICAL_TOKENS = 16  # of a customer's message


@dataclass(frozen=True, slots=True)
class Speed:
    """The median time of one full shape."""

    engine: str
    encoder: EncoderName
    threads: int
    shape: Shape
    seconds: float

    @property
    def milliseconds(self) -> float:
        """Return the time of one call."""
        return self.seconds * 1e3

    @property
    def microseconds_per_token(self) -> float:
        """Return the cost of a token, padding or not."""
        return self.seconds * 1e6 / (self.shape.rows * self.shape.tokens)

    @property
    def messages_per_second(self) -> float:
        """Return the rate at 16 tokens a message, a customer's typical length."""
        return self.shape.rows * self.shape.tokens / TYPICAL_TOKENS / self.seconds


@dataclass(frozen=True, slots=True)
class Cost:
    """What one engine's calls take, fitted over all its shapes."""

    engine: str
    encoder: EncoderName
    threads: int
    model: CostModel


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """All speeds and the cost model of each engine, encoder and thread count."""

    speeds: tuple[Speed, ...]
    costs: tuple[Cost, ...]


def profile_model(
    model_dir: Path,
    kinds: Sequence[Kind] = ("litert",),
    threads: Sequence[int] = (1, 2),
    rounds: int = 20,
    progress: Callable[[str, float], None] = lambda _stage, _fraction: None,
) -> ProfileReport:
    """Time every shape of every choice, in turns, so that noise falls on all alike."""
    encoders = read_manifest(model_dir).encoders
    choices = [(k, e, t) for k in kinds for e in encoders for t in threads]
    speeds: list[Speed] = []
    costs: list[Cost] = []
    for done, (kind, encoder, count) in enumerate(choices):
        progress(f"{encoder}: {kind}, threads {count}", done / len(choices))
        engine = select_engine(kind, model_dir, encoder, count)
        engine.warm()
        measured = measure(engine, encoder, count, rounds)
        speeds += measured
        costs.append(cost_of(measured))
    progress("done", 1.0)
    return ProfileReport(tuple(speeds), tuple(costs))


def measure(
    engine: Engine,
    encoder: EncoderName,
    threads: int,
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Speed]:
    """Time full batches of a warm engine, all shapes in turns, `rounds` times."""
    batches = {shape: _full(shape) for shape in engine.shapes}
    seconds: dict[Shape, list[float]] = {shape: [] for shape in engine.shapes}
    for _ in range(rounds):
        for shape, batch in batches.items():
            began = clock()
            engine.run(batch)
            seconds[shape].append(clock() - began)
    return [Speed(engine.name, encoder, threads, s, median(seconds[s])) for s in engine.shapes]


def cost_of(speeds: Sequence[Speed]) -> Cost:
    """Fit a cost model to the speeds of one engine."""
    first = speeds[0]
    timings = ((speed.shape.rows * speed.shape.tokens, speed.seconds) for speed in speeds)
    return Cost(first.engine, first.encoder, first.threads, fit_cost(timings))


def _full(shape: Shape) -> TokenBatch:
    # One message a row fills the shape and can be packed no other way.
    ids = np.ones((shape.rows, shape.tokens), np.int32)
    return TokenBatch(ids, np.full(shape.rows, shape.tokens, np.int32))

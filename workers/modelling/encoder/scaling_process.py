"""One measured engine in a process of its own: see scaling.py.

    python -m workers.modelling.encoder.scaling_process MODEL_DIR THREADS

Reads token rows (JSON) from the first line, answers `warm`; each further line is for how many
seconds to run, answered with what was done.
"""

import itertools
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from workers.engines.engine import Engine, TokenBatch
from workers.engines.litert import LiteRtEngine

_BATCH_SIZE = 32


class Round(msgspec.Struct, frozen=True):
    """What one engine did in one round."""

    rows: int
    seconds: float
    cpu_seconds: float


def decode_round(line: str) -> Round:
    """Read what the process wrote."""
    return msgspec.json.decode(line, type=Round)


def batches(rows: Sequence[Sequence[int]], batch_size: int = _BATCH_SIZE) -> Iterator[TokenBatch]:
    """Yield the rows in their order, again and again."""
    supply = itertools.cycle(rows)
    while True:
        yield TokenBatch.of(list(itertools.islice(supply, batch_size)))


def run_round(
    engine: Engine,
    supply: Iterator[TokenBatch],
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> Round:
    """Run batches until the time is over."""
    began, cpu_began, rows = clock(), time.process_time(), 0
    while clock() - began < seconds:
        rows += len(engine.run(next(supply)).vectors)
    return Round(rows, clock() - began, time.process_time() - cpu_began)


def serve(engine: Engine, lines: Iterable[str]) -> Iterator[str]:
    """Answer each line; the engine warms up on the first."""
    first, *_ = itertools.islice(lines := iter(lines), 1)
    supply = batches(msgspec.json.decode(first, type=list[list[int]]))
    engine.warm()
    yield "warm"
    for line in lines:
        yield msgspec.json.encode(run_round(engine, supply, float(line))).decode()


if __name__ == "__main__":
    folder, threads = sys.argv[1:]
    for answer in serve(LiteRtEngine(Path(folder), "answer", int(threads)), sys.stdin):
        print(answer, flush=True)  # noqa: T201 - the parent reads it

"""How long the engine takes to warm up, and what it does alone. Also a program, for one time.

    python -m infra.bench.gpu.warm_up MODEL_FOLDER

The program warms TensorFlow's engine of the answer encoder, prints a WarmUp as JSON and ends.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from infra.harness.children import running_child
from shared.errors import BenchError, ParleyError
from workers.engines.engine import Engine, TokenBatch
from workers.engines.select import select_engine
from workers.engines.speed import typical_rows

_XLA_FLAGS = "TF_XLA_FLAGS"  # TensorFlow's own name
_LIMIT_SECONDS = 120.0
_TIMED_ROWS = 512  # at once, as from a long queue
_ROUNDS = 5  # the fastest counts


class WarmUp(msgspec.Struct, frozen=True):
    """Seconds until an engine is warm, TensorFlow's import included; rows it then runs a second."""

    engine: str
    seconds: float
    rows_per_second: float

    def __str__(self) -> str:
        return (
            f"{self.engine} after {self.seconds:.1f} s, {self.rows_per_second:,.0f} rows a second"
        )


def measure(model_folder: Path, log: Path) -> WarmUp:
    """Warm up in a process of its own; BenchError with the end of its log if that fails."""
    folder = (str(model_folder.absolute()),)
    with running_child("infra.bench.gpu.warm_up", folder, _LIMIT_SECONDS, log) as program:
        line = program.read_line()
    return msgspec.json.decode(line, type=WarmUp)


def fill_cache(model_folder: Path, cache: Path, log: Path) -> tuple[WarmUp, WarmUp | None]:
    """Warm up twice: with an empty cache of what XLA compiled, and with a filled one.

    The second is None where TensorFlow cannot keep what it compiled: then no process is to try.
    """
    try:
        with xla_cache(cache):
            return measure(model_folder, log), measure(model_folder, log)
    except BenchError:
        return measure(model_folder, log), None


@contextmanager
def xla_cache(folder: Path | None) -> Iterator[None]:
    """Let processes that start in the block share what XLA compiles, if there is a folder."""
    before = os.environ.get(_XLA_FLAGS)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        flags = f"--tf_xla_persistent_cache_directory={folder.absolute()}"
        os.environ[_XLA_FLAGS] = f"{before} {flags}" if before else flags
    try:
        yield
    finally:
        os.environ.pop(_XLA_FLAGS, None)
        if before is not None:
            os.environ[_XLA_FLAGS] = before


def _rows_per_second(engine: Engine) -> float:
    batch, seconds = TokenBatch.of(typical_rows(_TIMED_ROWS)), []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        engine.run(batch)
        seconds.append(time.perf_counter() - began)
    return _TIMED_ROWS / min(seconds)


def main(arguments: Sequence[str]) -> None:
    """Run as a program; a fault is one sentence and status 1."""
    began = time.monotonic()
    try:
        engine = select_engine("tensorflow", Path(*arguments), "answer")
        engine.warm()
        seconds = time.monotonic() - began
        rate = _rows_per_second(engine)
    except ParleyError as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(msgspec.json.encode(WarmUp(engine.name, seconds, rate)) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])

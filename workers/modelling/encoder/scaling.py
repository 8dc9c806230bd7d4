"""How engines scale: one worker with two threads, or two workers with one? Without a queue."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shared.errors import EngineError
from workers.modelling.encoder.reference import token_rows
from workers.modelling.encoder.scaling_process import Round, decode_round

_ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class WorkerLayout:
    """A number of processes, each with an engine of a number of threads."""

    workers: int
    threads: int


@dataclass(frozen=True, slots=True)
class LayoutSpeed:
    """What a layout did in each of its rounds, all its workers together."""

    layout: WorkerLayout
    rows_per_second: tuple[float, ...]
    cpu_milliseconds_per_row: float


LAYOUTS = (WorkerLayout(1, 1), WorkerLayout(1, 2), WorkerLayout(2, 1))


def measure_scaling(
    model_dir: Path,
    texts: Sequence[str],
    layouts: Sequence[WorkerLayout] = LAYOUTS,
    rounds: int = 20,
    round_seconds: float = 0.5,
    progress: Callable[[str, float], None] = lambda _stage, _fraction: None,
) -> tuple[LayoutSpeed, ...]:
    """Let layouts run texts in batches of 32, in turns, while the others sleep.

    Raises EngineError if an engine ends.
    """
    rows = json.dumps(token_rows(model_dir, tuple(texts)))
    done: dict[WorkerLayout, list[list[Round]]] = {layout: [] for layout in layouts}
    with ExitStack() as stack:
        processes = {
            layout: [
                stack.enter_context(_EngineProcess(model_dir, layout.threads))
                for _ in range(layout.workers)
            ]
            for layout in layouts
        }
        for process in (process for its in processes.values() for process in its):
            process.warm(rows)
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}", number / rounds)
            for layout, its in processes.items():
                for process in its:
                    process.start(round_seconds)
                done[layout].append([process.end() for process in its])
    progress("done", 1.0)
    return tuple(_speed(layout, done[layout]) for layout in layouts)


def _speed(layout: WorkerLayout, rounds: Sequence[Sequence[Round]]) -> LayoutSpeed:
    each_alone = [one for together in rounds for one in together]
    return LayoutSpeed(
        layout,
        tuple(sum(one.rows / one.seconds for one in together) for together in rounds),
        1e3 * sum(one.cpu_seconds for one in each_alone) / sum(one.rows for one in each_alone),
    )


class _EngineProcess:
    # A process with a warm engine, which sleeps between its rounds.

    def __init__(self, model_dir: Path, threads: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [
                sys.executable,
                "-m",
                "workers.modelling.encoder.scaling_process",
                str(model_dir),
                str(threads),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=_ROOT,
        )

    def __enter__(self) -> "_EngineProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def warm(self, rows: str) -> None:
        self._write_line(rows)
        self._read_line()

    def start(self, seconds: float) -> None:
        self._write_line(str(seconds))

    def end(self) -> Round:
        return decode_round(self._read_line())

    def _write_line(self, line: str) -> None:
        pipe = _pipe(self._process.stdin)
        pipe.write(line + "\n")
        pipe.flush()

    def _read_line(self) -> str:
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise EngineError(f"a measured engine ended with status {self._process.wait()}")
        return line


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise EngineError("a measured engine has no pipe")
    return pipe

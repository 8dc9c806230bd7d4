"""One worker with two threads, or two workers with one? Engines side by side, without a queue."""

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
from workers.modelling.encoder.scaling_process import Turn, decode_turn

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Crew:
    """So many processes, each with an engine of so many threads."""

    workers: int
    threads: int


@dataclass(frozen=True, slots=True)
class CrewSpeed:
    """What a crew did in each of its turns, all its workers together."""

    crew: Crew
    rows_per_second: tuple[float, ...]
    cpu_milliseconds_per_row: float


CREWS = (Crew(1, 1), Crew(1, 2), Crew(2, 1))


def measure_crews(
    model_dir: Path,
    texts: Sequence[str],
    crews: Sequence[Crew] = CREWS,
    rounds: int = 20,
    turn_seconds: float = 0.5,
    progress: Callable[[str, float], None] = lambda _stage, _fraction: None,
) -> tuple[CrewSpeed, ...]:
    """Let crews run texts in batches of 32, in turns, while the others sleep; EngineError."""
    rows = json.dumps(token_rows(model_dir, tuple(texts)))
    turns: dict[Crew, list[list[Turn]]] = {crew: [] for crew in crews}
    with ExitStack() as stack:
        members = {
            crew: [
                stack.enter_context(_Member(model_dir, crew.threads)) for _ in range(crew.workers)
            ]
            for crew in crews
        }
        for member in (member for its in members.values() for member in its):
            member.warm(rows)
        for done in range(rounds):
            progress(f"round {done + 1} of {rounds}", done / rounds)
            for crew, its in members.items():
                for member in its:
                    member.begin(turn_seconds)
                turns[crew].append([member.end() for member in its])
    progress("done", 1.0)
    return tuple(_speed(crew, turns[crew]) for crew in crews)


def _speed(crew: Crew, turns: Sequence[Sequence[Turn]]) -> CrewSpeed:
    done = [turn for together in turns for turn in together]
    return CrewSpeed(
        crew,
        tuple(sum(turn.rows / turn.seconds for turn in together) for together in turns),
        1e3 * sum(turn.cpu_seconds for turn in done) / sum(turn.rows for turn in done),
    )


class _Member:
    # A process with a warm engine, which sleeps between its turns.

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

    def __enter__(self) -> "_Member":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def warm(self, rows: str) -> None:
        self._say(rows)
        self._hear()

    def begin(self, seconds: float) -> None:
        self._say(str(seconds))

    def end(self) -> Turn:
        return decode_turn(self._hear())

    def _say(self, line: str) -> None:
        pipe = _pipe(self._process.stdin)
        pipe.write(line + "\n")
        pipe.flush()

    def _hear(self) -> str:
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise EngineError(f"a measured engine ended with status {self._process.wait()}")
        return line


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise EngineError("a measured engine has no pipe")
    return pipe

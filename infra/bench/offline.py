"""The ideal: the engine alone on the same messages, on one processor and on all."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from infra.bench.figures import Batches, Figures
from infra.harness.children import running_child
from shared import keys

_IDEAL = "infra.bench.baselines.ideal"
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Offline:
    """What one process did without HTTP or queue."""

    messages: int
    seconds: float
    cpu_seconds: float
    tokens: int
    padded_tokens: int


def run_ideal(messages_file: Path, processes: int, seconds: float, log: Path) -> Figures:
    """Run the ideal in several processes at once; all start at the same moment."""
    bound = _START_SECONDS + 3 * seconds
    with ExitStack() as stack:
        runs = [
            stack.enter_context(
                running_child(
                    _IDEAL, (str(messages_file), str(n), str(processes), str(seconds)), bound, log
                )
            )
            for n in range(processes)
        ]
        for run in runs:
            run.read_line()
        for run in runs:
            run.send_empty_line()
        done = [msgspec.json.decode(run.read_line(), type=Offline) for run in runs]
    return ideal_figures(done)


def ideal_figures(done: list[Offline]) -> Figures:
    """Add up processes that ran at the same time; `users` is their number."""
    messages = sum(each.messages for each in done)
    filled = sum(each.tokens for each in done) / sum(each.padded_tokens for each in done)
    return Figures(
        system="ideal",
        users=len(done),
        offered_per_second=None,
        seconds=max(each.seconds for each in done),
        answered=messages,
        errors=0,
        messages_per_second=sum(each.messages / each.seconds for each in done),
        latency=None,
        cpu_ms={"engine": sum(each.cpu_seconds for each in done) * 1e3 / messages},
        batches={keys.INFERENCE: Batches(padding_waste=1 - filled)},
    )

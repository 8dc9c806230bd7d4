"""A closed loop from several load generators: one alone sends some 4,000 messages a second."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from infra.bench.figures import GENERATOR, Figures
from infra.bench.gpu.usage import Usage, UsageMeter
from infra.bench.load import BEGIN, END, LoadSpec, Samples, read_samples
from infra.bench.observe import Observation, observe
from infra.bench.summary import summarise
from infra.harness.children import ChildProgram, running_child
from infra.harness.running_system import RunningSystem
from infra.harness.systems import System
from shared.errors import BenchError


@dataclasses.dataclass(frozen=True, slots=True)
class Crowd:
    """Users in several processes; `folder` is for their files."""

    folder: Path
    texts: Path
    processes: int
    warm_seconds: float
    seconds: float
    slow_seconds: float = 20.0

    def measure(
        self, host: RunningSystem, users: int, further: Mapping[str, int]
    ) -> tuple[Figures, Usage]:
        """Return the figures of the time in which all had their windows open, and the GPU's.

        `further` are the ids of processes that serve the system beside its own.
        """
        pids = {**host.pids, **further}
        with self._generators(host.system.url, users) as generators:
            before = _observe_at(BEGIN, generators, host.system, pids)
            with UsageMeter() as meter:
                after = _observe_at(END, generators, host.system, pids)
            for generator in generators:
                generator.finish()
        samples = merge([read_samples(self._samples(n)) for n in range(self.processes)])
        host.poll()
        figures = summarise(host.system.name, samples, users, None, before, after)
        return figures, meter.usage

    @contextmanager
    def _generators(self, url: str, users: int) -> Iterator[list[ChildProgram]]:
        with ExitStack() as stack:
            yield [
                stack.enter_context(self._generator(url, share, number))
                for number, share in enumerate(shares(users, self.processes))
            ]

    def _generator(self, url: str, users: int, number: int) -> AbstractContextManager[ChildProgram]:
        spec = LoadSpec(
            url=url,
            messages=str(self.texts),
            first=number * 997,  # so that they do not send the same at the same time
            users=users,
            warm_seconds=self.warm_seconds,
            seconds=self.seconds,
            slow_seconds=self.slow_seconds,
        )
        spec_file = self.folder / f"load-{number}.tmp"
        spec_file.write_bytes(msgspec.json.encode(spec))
        arguments = (str(spec_file), str(self._samples(number)))
        log = self.folder / f"generator-{number}.log"
        return running_child("infra.bench.generator", arguments, spec.bound_seconds, log)

    def _samples(self, number: int) -> Path:
        return self.folder / f"samples-{number}.npz"


def shares(users: int, processes: int) -> list[int]:
    """Return users for each process, one at least, as even as can be."""
    return [max(1, (users + n) // processes) for n in range(processes)]


def merge(parts: Sequence[Samples]) -> Samples:
    """Put samples of one clock together; the window is that in which all were open."""
    begin, end = max(part.begin for part in parts), min(part.end for part in parts)
    if begin >= end:
        raise BenchError("the load generators were never all at work at once")

    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("due", "sent", "done", "ok", "stages", "offered")
    }
    return Samples(begin=begin, end=end, taken=sum(part.taken for part in parts), **arrays)


def _observe_at(
    expected: str,
    generators: Sequence[ChildProgram],
    system: System,
    pids: Mapping[str, int],
) -> Observation:
    for generator in generators:
        line = generator.read_line()
        if line != expected:
            raise BenchError(f"a load generator printed {line!r} instead of {expected!r}")
    own = {f"{GENERATOR} {generator.pid}": generator.pid for generator in generators}
    seen = observe({**pids, **own}, system)
    return dataclasses.replace(seen, cpu_seconds=_summed(seen.cpu_seconds))


def _summed(seconds: Mapping[str, float]) -> dict[str, float]:
    """Put all generators together under one name."""
    others = {name: each for name, each in seconds.items() if not name.startswith(GENERATOR)}
    return others | {GENERATOR: sum(seconds.values()) - sum(others.values())}

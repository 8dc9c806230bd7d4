"""Measure one system after the other, each started afresh on free ports."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from gateway.settings import GatewaySettings
from infra.bench.figures import GENERATOR, Figures
from infra.bench.load import BEGIN, END, LoadSpec, read_samples
from infra.bench.observe import Observation, observe
from infra.bench.offline import run_ideal
from infra.bench.plan import IDEAL, QUEUE, BenchPlan, open_loop_users
from infra.bench.queue_alone import run_queue_alone
from infra.bench.summary import summarise
from infra.bench.systems import PREPARATIONS, SERVED
from infra.harness.children import ChildProgram, running_child
from infra.harness.messages import Messages
from infra.harness.ports import free_ports
from infra.harness.running_system import RunningSystem, running_system
from infra.harness.systems import Allocation
from infra.supervisor.logs import LogFolder
from shared.errors import BenchError, PeerUnavailable
from shared.settings import load

ShowProgress = Callable[[str, float], None]


class BenchCampaign:
    """A benchmark run; its logs and, while it runs, its data lie in `folder`."""

    def __init__(
        self,
        plan: BenchPlan,
        messages: Messages,
        folder: Path,
        model_folder: Path,
        show: ShowProgress,
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._model_folder = model_folder
        self._show_share = show
        self._processors = len(os.sched_getaffinity(0))
        self._measured = 0
        self._left_out: dict[str, str] = {}
        self._texts = folder / "messages.tmp"
        self._texts.write_bytes(msgspec.json.encode(messages.texts))

    @property
    def left_out(self) -> Mapping[str, str]:
        """Return the systems that could not be measured so far, each with the reason."""
        return MappingProxyType(self._left_out)

    def run(self) -> Generator[Figures, None, None]:
        """Yield the figures of each system and load as soon as they are known."""
        try:
            for name in self._plan.systems:
                try:
                    yield from self._counted(name)
                except PeerUnavailable as error:
                    self._left_out[name] = str(error)
        finally:
            self._texts.unlink(missing_ok=True)

    def _counted(self, name: str) -> Iterator[Figures]:
        for figures in self._measure(name):
            self._measured += 1
            yield figures

    def _show(self, stage: str) -> None:
        """Show what is measured now, and the share of the measurements that are done."""
        self._show_share(stage, self._measured / self._plan.measurements(self._processors))

    def _measure(self, name: str) -> Iterator[Figures]:
        if name == IDEAL:
            return self._ideal()
        return self._queue_alone() if name == QUEUE else self._served(name)

    def _queue_alone(self) -> Iterator[Figures]:
        self._show("the queue alone")
        folder = self._folder / "queue.tmp"
        try:
            yield run_queue_alone(self._plan.seconds, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _ideal(self) -> Iterator[Figures]:
        log = self._folder / "ideal.log"
        for processes in sorted({1, self._processors}):
            self._show(f"ideal, {processes} at once")
            yield run_ideal(self._texts, processes, self._plan.seconds, log)

    def _served(self, name: str) -> Iterator[Figures]:
        self._show(f"starting {name}")
        folder = self._folder / f"{name}.tmp"
        allocation = self._allocate(folder)
        try:
            if name in PREPARATIONS:
                PREPARATIONS[name](allocation)
            system = SERVED[name](allocation)
            with running_system(system, LogFolder(self._folder / "log" / name)) as host:
                yield from self._loads(host)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _allocate(self, folder: Path) -> Allocation:
        folder.mkdir(parents=True)
        http, redis, flower = free_ports(3)
        return Allocation(
            http, redis, flower, folder, self._model_folder, self._processors, self._plan.caches
        )

    def _loads(self, host: RunningSystem) -> Iterator[Figures]:
        meter = LoadMeter(host, self._folder, self._texts, self._plan, self._show)
        fastest = 0.0
        for users in self._plan.concurrency:
            figures = meter.measure(users)
            fastest = max(fastest, figures.messages_per_second)
            yield figures
        if host.system.name == "parley":
            for rate in self._plan.open_rates(fastest):
                yield meter.measure(open_loop_users(rate), rate)


class LoadMeter:
    """Put loads on one running system, each message sent once before any is repeated."""

    def __init__(
        self,
        host: RunningSystem,
        folder: Path,
        texts: Path,
        plan: BenchPlan,
        show: Callable[[str], None],
    ) -> None:
        self._host = host
        self._folder = folder
        self._texts = texts
        self._plan = plan
        self._show = show
        self._first = 0
        settings = load(GatewaySettings)
        self._deadline_seconds = min(settings.job_deadline_seconds, settings.wait_seconds)

    def measure(self, users: int, rate: float | None = None) -> Figures:
        """Measure a closed loop of users or, with a `rate`, arrivals a second."""
        system = self._host.system
        load = f"{rate:g} arrivals/s" if rate else f"{users} users" if users > 1 else "1 user"
        self._show(f"{system.name}, {load}")
        spec = self._spec(users, rate)
        spec_file, samples_file = self._folder / "load.tmp", self._folder / "samples.npz"
        spec_file.write_bytes(msgspec.json.encode(spec))
        arguments = (str(spec_file), str(samples_file))
        log = self._folder / "generator.log"
        try:
            with running_child(
                "infra.bench.generator", arguments, spec.bound_seconds, log
            ) as generator:
                before, after = self._observe_window(generator)
                generator.finish()
            samples = read_samples(samples_file)
        finally:
            spec_file.unlink()
            samples_file.unlink(missing_ok=True)
        self._host.poll()
        self._first += samples.taken
        deadline = self._deadline_seconds
        return summarise(system.name, samples, users, rate, before, after, deadline)

    def _spec(self, users: int, rate: float | None) -> LoadSpec:
        plan = self._plan
        return LoadSpec(
            url=self._host.system.url,
            messages=str(self._texts),
            first=self._first,
            users=users,
            warm_seconds=plan.warm_seconds,
            seconds=plan.seconds,
            slow_seconds=plan.slow_seconds,
            rate=rate,
            api_key=self._host.system.api_key,
        )

    def _observe_window(self, generator: ChildProgram) -> tuple[Observation, Observation]:
        before = self._observe_at(BEGIN, generator)
        return before, self._observe_at(END, generator)

    def _observe_at(self, expected: str, generator: ChildProgram) -> Observation:
        line = generator.read_line()
        if line != expected:
            raise BenchError(f"the load generator printed {line!r} instead of {expected!r}")
        pids = {**self._host.pids, GENERATOR: generator.pid}
        try:
            return observe(pids, self._host.system)
        except OSError as error:
            raise BenchError(f"{self._host.system.name} cannot be observed: {error}") from error

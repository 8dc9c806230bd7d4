"""Start one stack after the other, put the load on it, and stop in time."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import msgspec

from infra.bench.gpu.crowd import Crowd
from infra.bench.gpu.plan import GpuPlan, Stack
from infra.bench.gpu.report import GpuReport, Measured
from infra.bench.gpu.stack import gpu_stack
from infra.bench.gpu.usage import gpu_name
from infra.bench.gpu.warm_up import WarmUp, fill_cache, measure, xla_cache
from infra.harness.machine import this_machine
from infra.harness.messages import Messages
from infra.harness.ports import free_ports
from infra.harness.running_system import running_system
from infra.harness.scratch_cluster import ScratchCluster
from infra.harness.systems import Allocation
from infra.supervisor.logs import LogFolder
from shared.errors import BenchError

_FIRST_START_SECONDS = 40.0  # what is expected of a start before the first one was timed
_XLA = "xla.tmp"  # what is compiled, as long as the run lasts
_DURABLE = {"appendonly": "yes"}  # as a Redis of one's own
Clock = Callable[[], float]


class GpuCampaign:
    """A run; its logs and, while it runs, its data lie in `folder`. `tell` hears what goes on."""

    def __init__(
        self,
        plan: GpuPlan,
        messages: Messages,
        folder: Path,
        model_folder: Path,
        large_model_folder: Path,
        tell: Callable[[str], None],
        clock: Clock = time.monotonic,
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._model_folder = model_folder
        self._large_model_folder = large_model_folder
        self._tell = tell
        self._clock = clock
        self._start_seconds = _FIRST_START_SECONDS
        self._warm_ups: dict[str, WarmUp] = {}
        self._texts = folder / "messages.json"
        self._texts.write_bytes(msgspec.json.encode(messages.texts))

    def run(self, unbuilt: str | None = None) -> Iterator[GpuReport]:
        """Yield what is known after each stack; `unbuilt` says why there is no large encoder.

        BenchError if the engine cannot warm up.
        """
        began = self._clock()
        cache = None
        if self._plan.warms_up:
            cache = self._warm_up()
            unbuilt = unbuilt or self._warm_up_large(cache)
        try:
            with xla_cache(cache):
                yield from self._run_stacks(began, unbuilt)
        finally:
            shutil.rmtree(self._folder / _XLA, ignore_errors=True)

    def _warm_up(self) -> Path | None:
        """Return the folder of what XLA compiled, if workers can start from it."""
        folder, log = self._folder / _XLA, self._folder / "warm-up.log"
        self._tell("warming up")
        first, again = fill_cache(self._model_folder, folder, log)
        self._note_warm_up("small encoder", first)
        cache = folder if again else None
        if again:
            self._note_warm_up("small encoder, compiled before", again)
        return cache

    def _warm_up_large(self, cache: Path | None) -> str | None:
        """Return why the large encoder cannot be used, if so."""
        try:
            with xla_cache(cache):
                found = measure(self._large_model_folder, self._folder / "warm-up.log")
        except BenchError as error:
            return str(error)
        self._note_warm_up("large encoder", found)
        return None

    def _note_warm_up(self, what: str, found: WarmUp) -> None:
        self._warm_ups[what] = found
        self._tell(f"{what}: {found}")

    def _run_stacks(self, began: float, unbuilt: str | None) -> Iterator[GpuReport]:
        measured: tuple[Measured, ...] = ()
        left_out: tuple[str, ...] = ()
        for stack in self._plan.stacks:
            reason = self._reason_against(stack, unbuilt, self._clock() - began)
            try:
                for each in self._measure(stack) if reason is None else ():
                    measured += (each,)
            except BenchError as error:
                reason = str(error)
            if reason is not None:
                self._tell(f"{stack}: {reason}")
                left_out += (f"{stack}: {reason}",)
            yield self._report(self._clock() - began, measured, left_out)

    def _reason_against(self, stack: Stack, unbuilt: str | None, elapsed: float) -> str | None:
        if stack.encoder == "large" and unbuilt is not None:
            return unbuilt
        needed = self._plan.stack_seconds(stack, self._start_seconds)
        left = self._plan.limit_seconds - elapsed
        return f"{left:.0f} s are left, it needs {needed:.0f}" if needed > left else None

    def _report(
        self, seconds: float, measured: tuple[Measured, ...], left_out: tuple[str, ...]
    ) -> GpuReport:
        engine = self._plan.engine
        return GpuReport(
            this_machine(), gpu_name(), engine, seconds, measured, left_out, dict(self._warm_ups)
        )

    def _measure(self, stack: Stack) -> Iterator[Measured]:
        self._tell(f"{stack}: starting")
        data, logs = self._folder / "stack.tmp", LogFolder(self._folder / "log" / _slug(stack))
        began = self._clock()
        try:
            with ExitStack() as running:
                data.mkdir()
                cluster = _cluster(data, stack) if stack.masters > 1 else None
                if cluster:
                    running.enter_context(cluster)
                allocation = self._allocate(data, cluster.url if cluster else None)
                system = gpu_stack(self._plan, stack, allocation)
                host = running.enter_context(running_system(system, logs))
                nodes = _pids(cluster) if cluster else {}
                self._start_seconds = self._clock() - began
                for users in stack.users:
                    figures, usage = self._crowd(data).measure(host, users, nodes)
                    self._tell(f"{stack}, {users} users: {figures.messages_per_second:,.0f}/s")
                    yield Measured(stack, figures, usage, self._start_seconds)
        finally:
            shutil.rmtree(data, ignore_errors=True)

    def _allocate(self, data: Path, cluster_url: str | None) -> Allocation:
        http, redis, flower = free_ports(3)
        processors = len(os.sched_getaffinity(0))
        return Allocation(
            *(http, redis, flower, data, self._model_folder, processors), cluster_url=cluster_url
        )

    def _crowd(self, folder: Path) -> Crowd:
        plan = self._plan
        return Crowd(folder, self._texts, plan.around, plan.warm_seconds, plan.seconds)


def _cluster(data: Path, stack: Stack) -> ScratchCluster:
    folder = data / "cluster"
    return ScratchCluster(folder, masters=stack.masters, replicas=0, options=_DURABLE)


def _pids(cluster: ScratchCluster) -> Mapping[str, int]:
    return {f"redis-{number + 1}": node.pid for number, node in enumerate(cluster.nodes)}


def _slug(stack: Stack) -> str:
    return f"{stack.encoder}-{stack.workers}-{stack.max_batch}-{stack.masters}"

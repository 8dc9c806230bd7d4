"""Start one stack after the other, put the load on it, and stop in time."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from infra.bench.gpu.crowd import Crowd
from infra.bench.gpu.plan import GpuPlan, Stack
from infra.bench.gpu.report import GpuReport, Measured
from infra.bench.gpu.stack import gpu_stack
from infra.bench.gpu.usage import gpu_name
from infra.harness.machine import this_machine
from infra.harness.messages import Messages
from infra.harness.ports import free_ports
from infra.harness.running_system import running_system
from infra.harness.systems import Allocation
from infra.supervisor.logs import LogFolder
from shared.errors import BenchError

_FIRST_START_SECONDS = 60.0  # what is expected of a start before the first one was timed
Clock = Callable[[], float]


class GpuCampaign:
    """A run; its logs and, while it runs, its data lie in `folder`. `tell` hears what goes on."""

    def __init__(
        self,
        plan: GpuPlan,
        messages: Messages,
        folder: Path,
        model_folder: Path,
        tell: Callable[[str], None],
        clock: Clock = time.monotonic,
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._model_folder = model_folder
        self._tell = tell
        self._clock = clock
        self._start_seconds = _FIRST_START_SECONDS
        self._texts = folder / "messages.json"
        self._texts.write_bytes(msgspec.json.encode(messages.texts))

    def run(self, unbuilt: str | None = None) -> Iterator[GpuReport]:
        """Yield what is known after each stack; `unbuilt` says why there is no large encoder."""
        began = self._clock()
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
        return GpuReport(this_machine(), gpu_name(), engine, seconds, measured, left_out)

    def _measure(self, stack: Stack) -> Iterator[Measured]:
        self._tell(f"{stack}: starting")
        data, logs = self._folder / "stack.tmp", LogFolder(self._folder / "log" / _slug(stack))
        system = gpu_stack(self._plan, stack, self._allocate(data))
        began = self._clock()
        try:
            with running_system(system, logs) as host:
                self._start_seconds = self._clock() - began
                for users in stack.users:
                    figures, usage = self._crowd(data).measure(host, users)
                    self._tell(f"{stack}, {users} users: {figures.messages_per_second:,.0f}/s")
                    yield Measured(stack, figures, usage, self._start_seconds)
        finally:
            shutil.rmtree(data, ignore_errors=True)

    def _allocate(self, data: Path) -> Allocation:
        data.mkdir()
        http, redis, flower = free_ports(3)
        processors = len(os.sched_getaffinity(0))
        return Allocation(http, redis, flower, data, self._model_folder, processors)

    def _crowd(self, folder: Path) -> Crowd:
        plan = self._plan
        return Crowd(folder, self._texts, plan.around, plan.warm_seconds, plan.seconds)


def _slug(stack: Stack) -> str:
    return f"{stack.encoder}-{stack.workers}-{stack.max_batch}"

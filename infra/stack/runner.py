"""`parley up`: check, build what is missing, start, watch, stop."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console

from infra.stack import checks, embedded_redis
from infra.stack.lock import hold_data_folder
from infra.stack.logs import LogFolder
from infra.stack.model import built_model, refresh_model
from infra.stack.part import Part
from infra.stack.plan import plan_parts
from infra.stack.probes import http_status
from infra.stack.settings import StackSettings
from infra.stack.signals import StopSignals
from infra.stack.spawner import ProcessSpawner
from infra.stack.supervisor import Supervisor
from infra.stack.terminal import Terminal, short_path
from shared.clock import SystemClock
from shared.errors import StackError

_TICK_SECONDS = 0.05
_ORPHANS_GO_SECONDS = 5.0


def run_stack(settings: StackSettings, console: Console) -> None:
    """Hold the stack up until a signal says stop; raise StackError where it cannot stand."""
    begun = time.monotonic()
    logs = LogFolder(settings.log_folder)
    terminal = Terminal(console, logs)
    checks.check_settings()
    checks.check_data_folder(settings.data_folder)
    with hold_data_folder(settings) as was_cut_off:
        terminal.begin(settings)
        _prepare(settings, terminal, console, was_cut_off=was_cut_off)
        Watch(
            parts=plan_parts(settings),
            logs=logs,
            terminal=terminal,
            is_serving=lambda: http_status(f"{settings.gateway_url}/readyz") == 200,
            greet=lambda: terminal.greet(settings, time.monotonic() - begun),
            start_timeout_seconds=settings.start_timeout_seconds,
        ).hold_up()


def _prepare(
    settings: StackSettings, terminal: Terminal, console: Console, *, was_cut_off: bool
) -> None:
    """Make sure that the parts can start, and that there is a model for them to load."""
    checks.check_space(settings.data_folder, checks.RUN_BYTES)
    if built_model(settings.model_folder) is None:
        settings.model_folder.parent.mkdir(parents=True, exist_ok=True)
        checks.check_space(settings.model_folder.parent, checks.RUN_BYTES + checks.MODEL_BYTES)
    checks.check_redis(settings, terminal.warn)
    checks.check_ports(settings, timeout_seconds=_ORPHANS_GO_SECONDS if was_cut_off else 0.0)
    settings.redis_folder.mkdir(parents=True, exist_ok=True)
    if was_cut_off and settings.redis_url is None:
        mended = embedded_redis.mend_append_only_file(settings.redis_folder)
        if mended:
            terminal.warn(f"Redis: {mended}")
    refresh_model(settings.model_folder, console)


@dataclass(frozen=True, slots=True)
class Watch:
    """Parts and what to do about them from the first start to the last stop.

    `is_serving` asks the whole, once every part is ready; `greet` is called when it says yes.
    """

    parts: Sequence[Part]
    logs: LogFolder
    terminal: Terminal
    is_serving: Callable[[], bool]
    greet: Callable[[], None]
    start_timeout_seconds: float

    def hold_up(self) -> None:
        """Start, watch, and stop at a signal; raise StackError where the start fails."""
        self.logs.begin(self._names)
        supervisor = Supervisor(
            self.parts,
            spawner=ProcessSpawner(self.logs),
            clock=SystemClock(),
            observer=self.terminal,
        )
        with StopSignals() as signals:
            try:
                self._start(supervisor, signals)
                self._stay(supervisor, signals)
            finally:
                self._stop(supervisor, signals)

    @property
    def _names(self) -> list[str]:
        return [part.name for part in self.parts]

    def _start(self, supervisor: Supervisor, signals: StopSignals) -> None:
        deadline = time.monotonic() + self.start_timeout_seconds
        with self.terminal.waiting() as show:
            while not signals.requests:
                supervisor.tick()
                if supervisor.all_ready and self.is_serving():
                    break
                waiting_for = ", ".join(supervisor.waiting_for) or "the gateway to see all parts"
                show(waiting_for)
                self._give_up_if_hopeless(supervisor)
                if time.monotonic() > deadline:
                    raise StackError(self._too_late(waiting_for))
                time.sleep(_TICK_SECONDS)
        if not signals.requests:
            self.greet()

    def _stay(self, supervisor: Supervisor, signals: StopSignals) -> None:
        while not signals.requests:
            supervisor.tick()
            self.logs.bound(self._names)
            time.sleep(_TICK_SECONDS)

    def _stop(self, supervisor: Supervisor, signals: StopSignals) -> None:
        """Stop all parts; one more signal ends them at once."""
        requests = signals.requests
        self.terminal.stopping()
        supervisor.stop()
        while not supervisor.stopped:
            if signals.requests > requests:
                supervisor.kill()
            supervisor.tick()
            time.sleep(_TICK_SECONDS)

    def _give_up_if_hopeless(self, supervisor: Supervisor) -> None:
        if supervisor.hopeless:
            name = supervisor.hopeless[0]
            log = short_path(self.logs.path(name))
            raise StackError(f"{name} ended again and again before it was ready: {log} says why.")

    def _too_late(self, waiting_for: str) -> str:
        log = short_path(self.logs.path(self._names[0]).parent)
        return (
            f"Not ready after {self.start_timeout_seconds:.0f} s, still waiting for {waiting_for}: "
            f"see the logs in {log}, or set PARLEY_START_TIMEOUT_SECONDS on a slow machine."
        )

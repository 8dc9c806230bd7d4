"""`parley up`: check, build what is missing, start, supervise, stop."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console

from infra.supervisor import checks, embedded_redis
from infra.supervisor.language_model import check_language_model
from infra.supervisor.lock import hold_data_folder
from infra.supervisor.logs import LogFolder
from infra.supervisor.model import built_model, refresh_model
from infra.supervisor.plan import plan_services
from infra.supervisor.probes import http_status
from infra.supervisor.service import Service
from infra.supervisor.settings import StackSettings
from infra.supervisor.signals import StopSignals
from infra.supervisor.spawner import ProcessSpawner
from infra.supervisor.supervisor import Supervisor
from infra.supervisor.terminal import Terminal, short_path
from shared.clock import SystemClock
from shared.errors import StackError
from shared.tracing.start import check_tracing

_TICK_SECONDS = 0.05
_ORPHANS_END_SECONDS = 5.0


def run_stack(settings: StackSettings, console: Console) -> None:
    """Run the stack until a signal stops it; raise StackError if it cannot start."""
    begun = time.monotonic()
    logs = LogFolder(settings.log_folder)
    terminal = Terminal(console, logs)
    checks.check_data_folder(settings.data_folder)
    with hold_data_folder(settings) as was_cut_off:
        terminal.begin(settings)
        _prepare(settings, terminal, console, was_cut_off=was_cut_off)
        StackRun(
            services=plan_services(settings),
            logs=logs,
            terminal=terminal,
            is_serving=lambda: http_status(f"{settings.gateway_url}/readyz") == 200,
            print_banner=lambda: terminal.print_banner(settings, time.monotonic() - begun),
            start_timeout_seconds=settings.start_timeout_seconds,
        ).run()


def _prepare(
    settings: StackSettings, terminal: Terminal, console: Console, *, was_cut_off: bool
) -> None:
    """Check that the services can start, and build the model if it is missing."""
    checks.check_space(settings.data_folder, checks.RUN_BYTES)
    if built_model(settings.model_folder) is None:
        settings.model_folder.parent.mkdir(parents=True, exist_ok=True)
        checks.check_space(settings.model_folder.parent, checks.RUN_BYTES + checks.MODEL_BYTES)
    checks.check_encoder(settings)
    check_tracing(settings)
    check_language_model(settings, terminal.warn)
    settings.given_keys  # noqa: B018 - a faulty one ends the start here
    checks.check_redis(settings, terminal.warn)
    checks.check_ports(settings, timeout_seconds=_ORPHANS_END_SECONDS if was_cut_off else 0.0)
    settings.redis_folder.mkdir(parents=True, exist_ok=True)
    if was_cut_off and settings.redis_url is None:
        repaired = embedded_redis.repair_append_only_file(settings.redis_folder)
        if repaired:
            terminal.warn(f"Redis: {repaired}")
    refresh_model(settings.model_folder, console)


@dataclass(frozen=True, slots=True)
class StackRun:
    """Services, from the first start to the last stop.

    `is_serving` asks the stack as a whole once every service is ready; `print_banner` is called
    when it returns True.
    """

    services: Sequence[Service]
    logs: LogFolder
    terminal: Terminal
    is_serving: Callable[[], bool]
    print_banner: Callable[[], None]
    start_timeout_seconds: float

    def run(self) -> None:
        """Start, supervise, and stop at a signal; raise StackError if the start fails."""
        self.logs.begin(self._names)
        supervisor = Supervisor(
            self.services,
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
        return [service.name for service in self.services]

    def _start(self, supervisor: Supervisor, signals: StopSignals) -> None:
        deadline = time.monotonic() + self.start_timeout_seconds
        with self.terminal.waiting() as show:
            while not signals.requests:
                supervisor.tick()
                if supervisor.all_ready and self.is_serving():
                    break
                waiting_for = ", ".join(supervisor.waiting_for) or "the gateway to see all services"
                show(waiting_for)
                self._give_up_if_hopeless(supervisor)
                if time.monotonic() > deadline:
                    raise StackError(self._too_late(waiting_for))
                time.sleep(_TICK_SECONDS)
        if not signals.requests:
            self.print_banner()

    def _stay(self, supervisor: Supervisor, signals: StopSignals) -> None:
        while not signals.requests:
            supervisor.tick()
            self.logs.bound(self._names)
            time.sleep(_TICK_SECONDS)

    def _stop(self, supervisor: Supervisor, signals: StopSignals) -> None:
        """Stop all services; one more signal ends them at once."""
        requests = signals.requests
        self.terminal.stopping()
        supervisor.stop()
        while not supervisor.stopped:
            if signals.requests > requests:
                supervisor.kill()
            supervisor.tick()
            time.sleep(_TICK_SECONDS)

    def _give_up_if_hopeless(self, supervisor: Supervisor) -> None:
        if supervisor.misconfigured:
            name = supervisor.misconfigured[0]
            raise StackError(self.logs.last_words(name))
        if supervisor.crash_looping:
            name = supervisor.crash_looping[0]
            log = short_path(self.logs.path(name))
            raise StackError(f"{name} ended again and again before it was ready: see {log}.")

    def _too_late(self, waiting_for: str) -> str:
        log = short_path(self.logs.path(self._names[0]).parent)
        return (
            f"Not ready after {self.start_timeout_seconds:.0f} s, still waiting for {waiting_for}: "
            f"see the logs in {log}, or set PARLEY_START_TIMEOUT_SECONDS on a slow machine."
        )

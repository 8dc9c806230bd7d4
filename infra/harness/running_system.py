"""Run a system while it is measured, and stop every process of it afterwards."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from infra.client_settings import key_headers
from infra.harness.systems import System
from infra.http_client import HTTP_ERRORS, post_json
from infra.supervisor.backoff import RestartPolicy
from infra.supervisor.logs import LogFolder
from infra.supervisor.probes import http_status, live_workers
from infra.supervisor.service import Service, describe_exit
from infra.supervisor.signals import StopSignals
from infra.supervisor.spawner import ProcessSpawner
from infra.supervisor.supervisor import Supervisor
from shared import keys
from shared.clock import SystemClock
from shared.errors import BenchError

_TICK_SECONDS = 0.05
_START_SECONDS = 180.0
_FIRST_ANSWER_SECONDS = 60.0
_FIRST_MESSAGE = {"message": "How long does delivery take?"}


class ProcessObserver:
    """Keep the process id of each service, and fail the measurement if one dies; an Observer."""

    def __init__(self, logs: LogFolder) -> None:
        self._logs = logs
        self._pids: dict[str, int] = {}

    @property
    def pids(self) -> Mapping[str, int]:
        """Return the process id of each service that was started."""
        return MappingProxyType(self._pids)

    def started(self, service: Service, pid: int) -> None:
        """Keep the process id."""
        self._pids[service.name] = pid

    def ready(self, service: Service, seconds: float) -> None:
        """Do nothing."""

    def died(self, service: Service, code: int, wait_seconds: float) -> None:
        """Raise BenchError with the last lines of the service's log."""
        lines = self._logs.tail(service.name, lines=4)
        raise BenchError(f"{service.name} ended ({describe_exit(code)}) while measured: {lines}")

    def hung(self, service: Service, seconds: float) -> None:
        """Do nothing: no measured service has `hung_seconds`."""

    def killed(self, service: Service) -> None:
        """Do nothing: a baseline may be slow to stop."""

    def stopped(self, service: Service) -> None:
        """Do nothing."""


class RunningSystem:
    """A system whose services run under a supervisor."""

    def __init__(self, system: System, supervisor: Supervisor, observer: ProcessObserver) -> None:
        self.system = system
        self._supervisor = supervisor
        self._observer = observer

    @property
    def pids(self) -> Mapping[str, int]:
        """Return the process id of each service."""
        return self._observer.pids

    @property
    def waiting_for(self) -> list[str]:
        """Name the services that are not ready."""
        return self._supervisor.waiting_for

    def poll(self) -> None:
        """Check every service once; the observer is called for a dead one, and may raise."""
        self._supervisor.tick()


@contextlib.contextmanager
def running_system(
    system: System,
    logs: LogFolder,
    observer: ProcessObserver | None = None,
    policy: RestartPolicy | None = None,
) -> Iterator[RunningSystem]:
    """Start a system, yield it once it has answered a message, and stop it whatever happens."""
    logs.begin([service.name for service in system.services])
    observer = observer or ProcessObserver(logs)
    supervisor = Supervisor(
        system.services,
        spawner=ProcessSpawner(logs),
        clock=SystemClock(),
        observer=observer,
        policy=policy,
    )
    try:
        _wait(supervisor, lambda: supervisor.all_ready, "services")
        _wait(supervisor, lambda: _is_ready(system), f"{system.name}: {system.ready_path}")
        _wait_for_an_answer(system)
        yield RunningSystem(system, supervisor, observer)
    finally:
        stop_all(supervisor)


def _is_ready(system: System) -> bool:
    if http_status(system.url + system.ready_path) != 200:
        return False
    if system.redis_url is None:
        return True
    return len(live_workers(system.redis_url, keys.INFERENCE)) >= system.inference_workers


def _wait(supervisor: Supervisor, ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        supervisor.tick()
        if time.monotonic() > deadline:
            late = ", ".join(supervisor.waiting_for) or what
            raise BenchError(f"not ready after {_START_SECONDS:.0f} s: {late}")
        time.sleep(_TICK_SECONDS)


def _wait_for_an_answer(system: System) -> None:
    deadline = time.monotonic() + _FIRST_ANSWER_SECONDS
    while ask_once(system.url, system.api_key) != 200:
        if time.monotonic() > deadline:
            raise BenchError(f"{system.name} answers no message")
        time.sleep(_TICK_SECONDS)


def ask_once(url: str, api_key: str | None = None) -> int | None:
    """Send one message; return the status, None if nothing answers."""
    headers = key_headers(api_key)
    try:
        return post_json(url, "/chat", _FIRST_MESSAGE, _FIRST_ANSWER_SECONDS, headers).status
    except HTTP_ERRORS:
        return None


def stop_all(supervisor: Supervisor) -> None:
    """Stop all services; a signal meanwhile ends them at once, and then the run."""
    with StopSignals() as signals:
        supervisor.stop()
        while not supervisor.stopped:
            if signals.requests:
                supervisor.kill()
            supervisor.tick()
            time.sleep(_TICK_SECONDS)
    if signals.requests:
        raise KeyboardInterrupt

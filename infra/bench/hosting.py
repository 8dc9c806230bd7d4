"""Hold a system up while it is measured, and stop every process of it afterwards."""

import contextlib
import http.client
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from infra.bench.systems import System
from infra.stack.backoff import RestartPolicy
from infra.stack.logs import LogFolder
from infra.stack.part import Part, describe_exit
from infra.stack.probes import http_status, live_workers
from infra.stack.signals import StopSignals
from infra.stack.spawner import ProcessSpawner
from infra.stack.supervisor import Supervisor
from shared import keys
from shared.clock import SystemClock
from shared.errors import BenchError

_TICK_SECONDS = 0.05
_START_SECONDS = 180.0
_FIRST_ANSWER_SECONDS = 60.0
_FIRST_MESSAGE = b'{"message": "How long does delivery take?"}'


class Watch:
    """Remember the process of each part, and fail the measurement where one dies; an Observer."""

    def __init__(self, logs: LogFolder) -> None:
        self._logs = logs
        self._pids: dict[str, int] = {}

    @property
    def pids(self) -> Mapping[str, int]:
        """Return the process id of each part that was started."""
        return MappingProxyType(self._pids)

    def started(self, part: Part, pid: int) -> None:
        """Remember the process."""
        self._pids[part.name] = pid

    def ready(self, part: Part, seconds: float) -> None:
        """Do nothing."""

    def died(self, part: Part, code: int, wait_seconds: float) -> None:
        """Raise BenchError with the part's last words."""
        words = self._logs.tail(part.name, lines=4)
        raise BenchError(f"{part.name} ended ({describe_exit(code)}) while measured: {words}")

    def hung(self, part: Part, seconds: float) -> None:
        """Do nothing: nothing that is measured is watched for that."""

    def killed(self, part: Part) -> None:
        """Do nothing: a baseline may be slow to stop."""

    def stopped(self, part: Part) -> None:
        """Do nothing."""


class Hosted:
    """A system that runs."""

    def __init__(self, system: System, supervisor: Supervisor, watch: Watch) -> None:
        self.system = system
        self._supervisor = supervisor
        self._watch = watch

    @property
    def pids(self) -> Mapping[str, int]:
        """Return the process id of each part."""
        return self._watch.pids

    @property
    def waiting_for(self) -> list[str]:
        """Name the parts that do not serve."""
        return self._supervisor.waiting_for

    def look(self) -> None:
        """Look once at every part; a part that has died is told to the watch, which may raise."""
        self._supervisor.tick()


@contextlib.contextmanager
def hosted(
    system: System,
    logs: LogFolder,
    watch: Watch | None = None,
    policy: RestartPolicy | None = None,
) -> Iterator[Hosted]:
    """Start a system, yield it once it has answered a message, and stop it whatever happens."""
    with standing(system.parts, logs, watch, policy) as (supervisor, watching):
        _wait(supervisor, lambda: _serves(system), f"{system.name}: {system.ready_path}")
        _wait_for_an_answer(system)
        yield Hosted(system, supervisor, watching)


@contextlib.contextmanager
def standing(
    parts: Sequence[Part],
    logs: LogFolder,
    watch: Watch | None = None,
    policy: RestartPolicy | None = None,
) -> Iterator[tuple[Supervisor, Watch]]:
    """Start parts, yield once all are ready, and stop them whatever happens."""
    logs.begin([part.name for part in parts])
    watch = watch or Watch(logs)
    supervisor = Supervisor(
        parts, spawner=ProcessSpawner(logs), clock=SystemClock(), observer=watch, policy=policy
    )
    try:
        _wait(supervisor, lambda: supervisor.all_ready, "parts")
        yield supervisor, watch
    finally:
        _stop(supervisor)


def _serves(system: System) -> bool:
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
    while ask_once(system.url) != 200:
        if time.monotonic() > deadline:
            raise BenchError(f"{system.name} answers no message")
        time.sleep(_TICK_SECONDS)


def ask_once(url: str) -> int | None:
    """Send one message; return the status, None where nothing answers."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_FIRST_ANSWER_SECONDS)
    try:
        connection.request("POST", "/chat", _FIRST_MESSAGE, {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _stop(supervisor: Supervisor) -> None:
    """Stop all parts; a signal meanwhile ends them at once."""
    with StopSignals() as signals:
        supervisor.stop()
        while not supervisor.stopped:
            if signals.requests:
                supervisor.kill()
            supervisor.tick()
            time.sleep(_TICK_SECONDS)

"""Start services in order, restart those that die, and stop all in reverse."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from infra.supervisor.backoff import RestartPolicy
from infra.supervisor.service import Service
from infra.supervisor.spawner import SpawnedProcess, Spawner
from shared.clock import Clock

_CHECK_SECONDS = 5.0


class Observer(Protocol):
    """Receive the events of the services."""

    def started(self, service: Service, pid: int) -> None:
        """Take note of a process that was started."""

    def ready(self, service: Service, seconds: float) -> None:
        """Take note of a service that is ready, and how long after its start."""

    def died(self, service: Service, code: int, wait_seconds: float) -> None:
        """Take note of a service that ended by itself and will be restarted after a wait."""

    def hung(self, service: Service, seconds: float) -> None:
        """Take note of a live service that is killed: it has not answered for this time."""

    def killed(self, service: Service) -> None:
        """Take note of a service that did not stop in time and was killed."""

    def stopped(self, service: Service) -> None:
        """Take note of a service that has ended because the stack is stopping."""


@dataclass(slots=True)
class _Run:
    """The state of one service; `child` is None while it is down."""

    service: Service
    child: SpawnedProcess | None = None
    started_at: float = 0.0
    ready_at: float = 0.0
    ready: bool = False
    ever_ready: bool = False
    failures: int = 0  # deaths before readiness, in a row
    short_lives: int = 0  # deaths soon after it, in a row
    restart_at: float = 0.0
    deadline: float | None = None
    checked_at: float = 0.0
    answered_at: float = 0.0
    last_code: int | None = None


class Supervisor:
    """Keep the services up. `tick` checks everything once and returns; call it in a loop."""

    def __init__(
        self,
        services: Sequence[Service],
        *,
        spawner: Spawner,
        clock: Clock,
        observer: Observer,
        policy: RestartPolicy | None = None,
    ) -> None:
        self._runs = [_Run(service) for service in services]
        self._spawner = spawner
        self._clock = clock
        self._observer = observer
        self._policy = policy or RestartPolicy()
        self._stopping = False

    @property
    def all_ready(self) -> bool:
        """Tell whether every service is ready."""
        return all(run.ready for run in self._runs)

    @property
    def waiting_for(self) -> list[str]:
        """Name the services that are not ready."""
        return [run.service.name for run in self._runs if not run.ready]

    @property
    def crash_looping(self) -> list[str]:
        """Name the services that failed several times and never became ready."""
        limit = self._policy.failed_starts
        return [r.service.name for r in self._runs if not r.ever_ready and r.failures >= limit]

    @property
    def misconfigured(self) -> list[str]:
        """Name the services that have said that no restart helps, and never became ready."""
        return [
            r.service.name for r in self._runs if not r.ever_ready and r.last_code == os.EX_CONFIG
        ]

    @property
    def stopped(self) -> bool:
        """Tell whether no process is left."""
        return all(run.child is None for run in self._runs)

    def tick(self) -> None:
        """Check every service once: reap, restart, probe; or go on with stopping."""
        if self._stopping:
            self._stop_next()
            return
        for run in self._runs:
            self._advance(run)

    def stop(self) -> None:
        """Begin to stop: the last service first, each given its time; `tick` goes on."""
        self._stopping = True
        self._stop_next()

    def kill(self) -> None:
        """End every process at once."""
        self._stopping = True
        for run in reversed(self._runs):
            if run.child is not None:
                run.child.kill()
                run.child = None
                run.ready = False

    def _advance(self, run: _Run) -> None:
        if run.child is None:
            self._start_when_due(run)
            return
        code = run.child.exit_code()
        if code is not None:
            self._record_death(run, run.child, code)
        elif not run.ready and run.service.probe.is_ready(run.child.pid):
            run.ready = run.ever_ready = True
            run.ready_at = run.checked_at = run.answered_at = self._clock.monotonic()
            run.failures = 0
            self._observer.ready(run.service, run.answered_at - run.started_at)
        elif run.ready and run.service.hung_seconds is not None:
            self._check(run, run.child, run.service.hung_seconds)

    def _check(self, run: _Run, child: SpawnedProcess, hung_seconds: float) -> None:
        """Probe a service that was ready; kill it once it has been silent for too long."""
        now = self._clock.monotonic()
        if now - run.checked_at < _CHECK_SECONDS:
            return
        run.checked_at = now
        if self._dependency_unresponsive(run) or run.service.probe.is_ready(child.pid):
            run.answered_at = now
        elif now - run.answered_at >= hung_seconds:
            self._observer.hung(run.service, now - run.answered_at)
            child.kill()  # the next tick finds it dead and restarts it

    def _dependency_unresponsive(self, run: _Run) -> bool:
        """Tell whether a dependency is itself silent, which explains the service's silence."""
        return any(
            other.service.name in run.service.after
            and (not other.ready or other.answered_at < other.checked_at)
            for other in self._runs
        )

    def _start_when_due(self, run: _Run) -> None:
        now = self._clock.monotonic()
        if now < run.restart_at:
            return
        if any(other.service.name in run.service.after and not other.ready for other in self._runs):
            return
        run.child = self._spawner.spawn(run.service)
        run.started_at = now
        self._observer.started(run.service, run.child.pid)

    def _record_death(self, run: _Run, child: SpawnedProcess, code: int) -> None:
        child.kill()  # a child that the dead leader left behind would keep its port
        now = self._clock.monotonic()
        wait = self._count_death(run, now)
        run.last_code = code
        run.restart_at = now + wait
        run.child = None
        run.ready = False
        self._observer.died(run.service, code, wait)

    def _count_death(self, run: _Run, now: float) -> float:
        """Return the seconds until the restart."""
        if not run.ready:
            run.failures += 1
            return self._policy.wait_after_failed_start(run.failures)
        start_seconds, served_seconds = run.ready_at - run.started_at, now - run.ready_at
        is_short = self._policy.is_short_life(start_seconds, served_seconds)
        run.short_lives = run.short_lives + 1 if is_short else 0
        return self._policy.wait_after_service(run.short_lives)

    def _stop_next(self) -> None:
        for run in reversed(self._runs):
            if run.child is not None and not self._has_ended(run, run.child):
                return

    def _has_ended(self, run: _Run, child: SpawnedProcess) -> bool:
        """Move one service towards its end; return whether it has ended."""
        now = self._clock.monotonic()
        if run.deadline is None:
            run.deadline = now + run.service.stop_seconds
            child.terminate()
        if child.exit_code() is None and now < run.deadline:
            return False
        overdue = child.exit_code() is None
        child.kill()
        run.child = None
        run.ready = False
        (self._observer.killed if overdue else self._observer.stopped)(run.service)
        return True

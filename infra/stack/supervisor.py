"""Start the parts in order, restart those that die, and stop all in reverse."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from infra.stack.backoff import RestartPolicy
from infra.stack.part import Part
from infra.stack.spawner import Child, Spawner
from shared.clock import Clock

_CHECK_SECONDS = 5.0


class Observer(Protocol):
    """Hear what becomes of the parts."""

    def started(self, part: Part, pid: int) -> None:
        """Hear that a process was started."""

    def ready(self, part: Part, seconds: float) -> None:
        """Hear that a part serves, this long after its start."""

    def died(self, part: Part, code: int, wait_seconds: float) -> None:
        """Hear that a part ended by itself and will be restarted after a wait."""

    def hung(self, part: Part, seconds: float) -> None:
        """Hear that a part lives, has not answered for so long, and is killed for it."""

    def killed(self, part: Part) -> None:
        """Hear that a part would not stop in time and was killed."""

    def stopped(self, part: Part) -> None:
        """Hear that a part has ended because the stack is stopping."""


@dataclass(slots=True)
class _Run:
    """What is known of one part; `child` is None while it is down."""

    part: Part
    child: Child | None = None
    started_at: float = 0.0
    ready: bool = False
    ever_ready: bool = False
    failures: int = 0
    restart_at: float = 0.0
    deadline: float | None = None
    checked_at: float = 0.0
    answered_at: float = 0.0


class Supervisor:
    """Hold the parts up. `tick` looks once at everything and returns; call it in a loop."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        spawner: Spawner,
        clock: Clock,
        observer: Observer,
        policy: RestartPolicy | None = None,
    ) -> None:
        self._runs = [_Run(part) for part in parts]
        self._spawner = spawner
        self._clock = clock
        self._observer = observer
        self._policy = policy or RestartPolicy()
        self._stopping = False

    @property
    def all_ready(self) -> bool:
        """Tell whether every part serves."""
        return all(run.ready for run in self._runs)

    @property
    def waiting_for(self) -> list[str]:
        """Name the parts that do not serve."""
        return [run.part.name for run in self._runs if not run.ready]

    @property
    def hopeless(self) -> list[str]:
        """Name the parts that failed several times and never once became ready."""
        limit = self._policy.failed_starts
        return [r.part.name for r in self._runs if not r.ever_ready and r.failures >= limit]

    @property
    def stopped(self) -> bool:
        """Tell whether no process is left."""
        return all(run.child is None for run in self._runs)

    def tick(self) -> None:
        """Look once at every part: reap, restart, probe; or carry on with stopping."""
        if self._stopping:
            self._stop_next()
            return
        for run in self._runs:
            self._watch(run)

    def stop(self) -> None:
        """Begin to stop: the last part first, each given its time; `tick` carries on."""
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

    def _watch(self, run: _Run) -> None:
        if run.child is None:
            self._start_when_due(run)
            return
        code = run.child.exit_code()
        if code is not None:
            self._bury(run, run.child, code)
        elif not run.ready and run.part.probe.is_ready(run.child.pid):
            run.ready = run.ever_ready = True
            run.checked_at = run.answered_at = self._clock.monotonic()
            self._observer.ready(run.part, run.answered_at - run.started_at)
        elif run.ready and run.part.hung_seconds is not None:
            self._check(run, run.child, run.part.hung_seconds)

    def _check(self, run: _Run, child: Child, hung_seconds: float) -> None:
        """Ask a part that served whether it still does; kill it when it has not for long."""
        now = self._clock.monotonic()
        if now - run.checked_at < _CHECK_SECONDS:
            return
        run.checked_at = now
        if self._leans_on_a_silent_one(run) or run.part.probe.is_ready(child.pid):
            run.answered_at = now
        elif now - run.answered_at >= hung_seconds:
            self._observer.hung(run.part, now - run.answered_at)
            child.kill()  # the next look finds it dead and restarts it

    def _leans_on_a_silent_one(self, run: _Run) -> bool:
        """Tell whether what a part needs is itself silent, so that its own silence says nothing."""
        return any(
            other.part.name in run.part.after
            and (not other.ready or other.answered_at < other.checked_at)
            for other in self._runs
        )

    def _start_when_due(self, run: _Run) -> None:
        now = self._clock.monotonic()
        if run.failures and now < run.restart_at:
            return
        if any(other.part.name in run.part.after and not other.ready for other in self._runs):
            return
        run.child = self._spawner.spawn(run.part)
        run.started_at = now
        self._observer.started(run.part, run.child.pid)

    def _bury(self, run: _Run, child: Child, code: int) -> None:
        child.kill()  # whatever the dead leader left behind would hold its port
        now = self._clock.monotonic()
        if run.ready and now - run.started_at >= self._policy.steady_seconds:
            run.failures = 0
        run.failures += 1
        wait = self._policy.wait_seconds(run.failures)
        run.restart_at = now + wait
        run.child = None
        run.ready = False
        self._observer.died(run.part, code, wait)

    def _stop_next(self) -> None:
        for run in reversed(self._runs):
            if run.child is not None and not self._has_ended(run, run.child):
                return

    def _has_ended(self, run: _Run, child: Child) -> bool:
        """Push one part towards its end; tell whether it got there."""
        now = self._clock.monotonic()
        if run.deadline is None:
            run.deadline = now + run.part.stop_seconds
            child.terminate()
        if child.exit_code() is None and now < run.deadline:
            return False
        overdue = child.exit_code() is None
        child.kill()
        run.child = None
        run.ready = False
        (self._observer.killed if overdue else self._observer.stopped)(run.part)
        return True

"""Inject faults when they are due, revert them, and keep a journal of both."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from infra.chaos.faults import PlannedFault
from infra.chaos.injectors import ActiveFault, FaultInjector
from infra.chaos.leases import WORKERS, InFlightProbe
from infra.chaos.malformed import malformed_messages
from infra.chaos.proxy import Proxy
from infra.chaos.testbed import ChaosObserver
from shared.connection import REDIS_ERRORS

AIM_SECONDS = 5.0  # how long a fault waits until its worker has enough in flight
_MIN_IN_FLIGHT = 8
_MAX_DELAY_SECONDS = 40.0  # how long it waits for a target that is down
_REST_SECONDS = 2.0  # between two faults that waited for the same target
_ON_PROCESSES = frozenset(("kill", "freeze", "restart", "outage"))


@dataclass(slots=True)
class Injection:
    """A fault that was injected. Times are Unix seconds.

    `in_flight` are the jobs that a worker had leased at that moment, `released_at` is when it held
    none of them any more. `forced`: the target did not stop when asked to.
    """

    fault: PlannedFault
    injected_at: float
    reverted_at: float | None = None
    in_flight: tuple[str, ...] = ()
    released_at: float | None = None
    forced: bool = False


@dataclass(slots=True)
class FaultJournal:
    """All that was done: injections, faults that missed, malformed messages by their name."""

    injections: list[Injection] = field(default_factory=list)
    missed: list[PlannedFault] = field(default_factory=list)
    pushed: dict[str, int] = field(default_factory=dict)  # name → how often it was tried


@dataclass(frozen=True, slots=True)
class _ActiveInjection:
    injection: Injection
    active: ActiveFault


class FaultScheduler:
    """Inject and revert; `tick` does what is due now and returns."""

    def __init__(
        self,
        faults: Sequence[PlannedFault],
        observer: ChaosObserver,
        proxy: Proxy,
        probe: InFlightProbe,
        aim_seconds: float = AIM_SECONDS,
    ) -> None:
        self.journal = FaultJournal()
        self._due = list(faults)
        self._injected_at: dict[str, float] = {}
        self._observer = observer
        self._injector = FaultInjector(
            observer, proxy, lambda: [each.injection.fault for each in self._active]
        )
        self._probe = probe
        self._aim_seconds = aim_seconds
        self._active: list[_ActiveInjection] = []
        self._awaiting_release: list[tuple[Injection, str]] = []
        self._to_push: list[tuple[str, str, bytes]] = []

    @property
    def done(self) -> bool:
        """Tell whether nothing is left to inject, to revert, to push or to observe."""
        return not (self._due or self._active or self._to_push or self._awaiting_release)

    def tick(self, started_at: float) -> None:
        """Do what is due; faults count their time from `started_at`."""
        now = time.time()
        self._push_malformed()
        self._revert_due(now)
        self._check_releases()
        for fault in [f for f in self._due if started_at + f.at_seconds <= now]:
            self._try_inject(fault, now - started_at - fault.at_seconds)

    def revert_all(self) -> None:
        """Revert every active fault; those not injected yet never will be."""
        self.journal.missed += self._due
        self._due.clear()
        for each in list(self._active):
            self._revert(each)

    def _try_inject(self, fault: PlannedFault, late_seconds: float) -> None:
        """Inject a fault, or leave it for the next tick, or give it up."""
        if self._must_wait(fault):
            if late_seconds > _MAX_DELAY_SECONDS:
                self._due.remove(fault)
                self.journal.missed.append(fault)
            return
        worker_id = self._aim(fault, late_seconds)
        if worker_id is not None:
            self._due.remove(fault)
            self._inject(fault, worker_id)

    def _must_wait(self, fault: PlannedFault) -> bool:
        if fault.action not in _ON_PROCESSES:
            return False
        rested = time.time() - self._injected_at.get(fault.target, 0.0) > _REST_SECONDS
        return not (rested and self._observer.is_up(fault.target))

    def _aim(self, fault: PlannedFault, late_seconds: float) -> str | None:
        """Return the worker to hit ('' for other faults), None while it has too few in flight."""
        if fault.target not in WORKERS or fault.action not in ("kill", "freeze"):
            return ""
        try:
            worker_id = self._probe.worker_id(fault.target, self._observer.pids[fault.target]) or ""
            full = bool(worker_id) and self._probe.count(worker_id) >= _MIN_IN_FLIGHT
        except REDIS_ERRORS:
            return None if late_seconds < _MAX_DELAY_SECONDS else ""
        return worker_id if full or late_seconds > self._aim_seconds else None

    def _inject(self, fault: PlannedFault, worker_id: str) -> None:
        injection = Injection(fault, time.time())
        active = self._injector.inject(fault)
        if worker_id:
            self._await_release(injection, worker_id)
        if fault.action == "malformed":
            self._prepare_malformed(fault)
        self.journal.injections.append(injection)
        self._injected_at[fault.target] = injection.injected_at
        if active:
            self._active.append(_ActiveInjection(injection, active))

    def _prepare_malformed(self, fault: PlannedFault) -> None:
        mark = f"malformed-{len(self.journal.pushed)}"
        for name, raw in malformed_messages(fault.target, mark).items():
            self._to_push.append((fault.target, name, raw))
            self.journal.pushed[name] = 0

    def _revert_due(self, now: float) -> None:
        for each in list(self._active):
            if each.injection.injected_at + each.active.seconds <= now:
                self._revert(each)

    def _revert(self, done: _ActiveInjection) -> None:
        self._active.remove(done)
        done.injection.forced = done.active.revert()
        done.injection.reverted_at = time.time()

    def _push_malformed(self) -> None:
        while self._to_push:
            queue, name, raw = self._to_push[0]
            self.journal.pushed[name] += 1
            try:
                self._probe.push(queue, raw)
            except REDIS_ERRORS:
                return
            self._to_push.pop(0)

    def _await_release(self, injection: Injection, worker_id: str) -> None:
        with contextlib.suppress(*REDIS_ERRORS):
            injection.in_flight = tuple(self._probe.job_ids(worker_id))
        if injection.in_flight:
            self._awaiting_release.append((injection, worker_id))

    def _check_releases(self) -> None:
        for injection, worker_id in list(self._awaiting_release):
            try:
                empty = self._probe.count(worker_id) == 0
            except REDIS_ERRORS:
                return
            if empty:
                injection.released_at = time.time()
                self._awaiting_release.remove((injection, worker_id))

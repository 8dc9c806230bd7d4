"""What each fault does to the system, and how it is reverted."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from infra.chaos.faults import LINKED, PlannedFault
from infra.chaos.proxy import Proxy
from infra.chaos.testbed import ChaosObserver

_STOP_SECONDS = 45.0  # a service that was asked to stop and has not by then is killed
_DELAY_SECONDS = 0.15
_LINK_ACTIONS = frozenset(("hang", "refuse", "slow", "outage"))


@dataclass(frozen=True, slots=True)
class ActiveFault:
    """A fault in effect: its duration and its end; `revert` returns whether that took force."""

    seconds: float
    revert: Callable[[], bool]


class FaultInjector:
    """Break processes and links."""

    def __init__(
        self, observer: ChaosObserver, proxy: Proxy, active: Callable[[], Iterable[PlannedFault]]
    ) -> None:
        self._observer = observer
        self._proxy = proxy
        self._faults_in_effect = active
        self._actions: dict[str, Callable[[PlannedFault], ActiveFault | None]] = {
            "kill": self._kill,
            "freeze": self._freeze,
            "restart": self._restart,
            "outage": self._outage,
            "cut": self._cut,
            "hang": self._hang,
            "refuse": self._refuse,
            "slow": self._slow,
            "crash": self._wait,
        }

    def inject(self, fault: PlannedFault) -> ActiveFault | None:
        """Inject a fault; return what is to be reverted later, if anything."""
        action = self._actions.get(fault.action)
        return action(fault) if action else None

    def _kill(self, fault: PlannedFault) -> None:
        self._signal(self._observer.pids[fault.target], signal.SIGKILL)

    def _freeze(self, fault: PlannedFault) -> ActiveFault:
        pid = self._observer.pids[fault.target]
        self._signal(pid, signal.SIGSTOP)
        return ActiveFault(fault.seconds, lambda: self._resume(fault.target, pid))

    def _restart(self, fault: PlannedFault) -> ActiveFault:
        pid = self._observer.pids[fault.target]
        os.kill(pid, signal.SIGTERM)
        return ActiveFault(_STOP_SECONDS, lambda: self._force(fault.target, pid))

    def _outage(self, fault: PlannedFault) -> ActiveFault:
        for name in LINKED:
            self._proxy.refuse(name)
        self._kill(fault)
        return ActiveFault(fault.seconds, lambda: self._reopen(LINKED))

    def _cut(self, fault: PlannedFault) -> None:
        self._proxy.cut(fault.target)

    def _hang(self, fault: PlannedFault) -> ActiveFault:
        self._proxy.hang(fault.target)
        return ActiveFault(fault.seconds, lambda: self._reopen((fault.target,)))

    def _refuse(self, fault: PlannedFault) -> ActiveFault:
        self._proxy.refuse(fault.target)
        return ActiveFault(fault.seconds, lambda: self._reopen((fault.target,)))

    def _slow(self, fault: PlannedFault) -> ActiveFault:
        self._proxy.slow(fault.target, _DELAY_SECONDS)
        return ActiveFault(fault.seconds, lambda: self._reopen((fault.target,)))

    def _wait(self, fault: PlannedFault) -> ActiveFault:
        """Do nothing: a client sends the word, and workers crash on it for a while."""
        return ActiveFault(fault.seconds, lambda: False)

    def _signal(self, pid: int, what: signal.Signals) -> None:
        """Send a signal to all processes of a service."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, what)

    def _resume(self, target: str, pid: int) -> bool:
        if self._observer.pids[target] == pid:
            self._signal(pid, signal.SIGCONT)
        return False

    def _force(self, target: str, pid: int) -> bool:
        """Kill a service that was asked to stop and still runs."""
        if self._observer.pids[target] != pid or not self._observer.is_up(target):
            return False
        self._signal(pid, signal.SIGKILL)
        return True

    def _reopen(self, names: Sequence[str]) -> bool:
        """Open links, except those that another fault still holds."""
        for name in set(names) - held_links(self._faults_in_effect()):
            self._proxy.open(name)
        return False


def held_links(faults: Iterable[PlannedFault]) -> set[str]:
    """Name the links that these faults keep closed or slow."""
    return {
        name
        for fault in faults
        if fault.action in _LINK_ACTIONS
        for name in (LINKED if fault.action == "outage" else (fault.target,))
    }

"""What each fault does to the system, and how it is mended."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from infra.chaos.faults import LINKED, Fault
from infra.chaos.proxy import Proxy
from infra.chaos.stage import StageWatch

_STOP_SECONDS = 45.0  # a part that was told to stop and has not by then is killed
_DELAY_SECONDS = 0.15
_LINK_ACTIONS = frozenset(("hang", "refuse", "slow", "away"))


@dataclass(frozen=True, slots=True)
class Damage:
    """Something broken: when to mend it, and how; `mend` tells whether it had to use force."""

    seconds: float
    mend: Callable[[], bool]


class Blows:
    """Break processes and links."""

    def __init__(
        self, watch: StageWatch, proxy: Proxy, broken: Callable[[], Iterable[Fault]]
    ) -> None:
        self._watch = watch
        self._proxy = proxy
        self._broken = broken
        self._deal: dict[str, Callable[[Fault], Damage | None]] = {
            "kill": self._kill,
            "freeze": self._freeze,
            "restart": self._restart,
            "away": self._away,
            "cut": self._cut,
            "hang": self._hang,
            "refuse": self._refuse,
            "slow": self._slow,
            "deadly": self._wait,
        }

    def deal(self, fault: Fault) -> Damage | None:
        """Do what a fault says; return what is to be mended later, if anything."""
        blow = self._deal.get(fault.action)
        return blow(fault) if blow else None

    def _kill(self, fault: Fault) -> None:
        self._signal(self._watch.pids[fault.target], signal.SIGKILL)

    def _freeze(self, fault: Fault) -> Damage:
        pid = self._watch.pids[fault.target]
        self._signal(pid, signal.SIGSTOP)
        return Damage(fault.seconds, lambda: self._wake(fault.target, pid))

    def _restart(self, fault: Fault) -> Damage:
        pid = self._watch.pids[fault.target]
        os.kill(pid, signal.SIGTERM)
        return Damage(_STOP_SECONDS, lambda: self._insist(fault.target, pid))

    def _away(self, fault: Fault) -> Damage:
        for name in LINKED:
            self._proxy.refuse(name)
        self._kill(fault)
        return Damage(fault.seconds, lambda: self._reopen(LINKED))

    def _cut(self, fault: Fault) -> None:
        self._proxy.cut(fault.target)

    def _hang(self, fault: Fault) -> Damage:
        self._proxy.hang(fault.target)
        return Damage(fault.seconds, lambda: self._reopen((fault.target,)))

    def _refuse(self, fault: Fault) -> Damage:
        self._proxy.refuse(fault.target)
        return Damage(fault.seconds, lambda: self._reopen((fault.target,)))

    def _slow(self, fault: Fault) -> Damage:
        self._proxy.slow(fault.target, _DELAY_SECONDS)
        return Damage(fault.seconds, lambda: self._reopen((fault.target,)))

    def _wait(self, fault: Fault) -> Damage:
        """Do nothing: a client says the word, and workers die of it for a while."""
        return Damage(fault.seconds, lambda: False)

    def _signal(self, pid: int, what: signal.Signals) -> None:
        """Send a signal to all processes of a part."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, what)

    def _wake(self, target: str, pid: int) -> bool:
        if self._watch.pids[target] == pid:
            self._signal(pid, signal.SIGCONT)
        return False

    def _insist(self, target: str, pid: int) -> bool:
        """Kill a part that was told to stop and still runs."""
        if self._watch.pids[target] != pid or not self._watch.is_up(target):
            return False
        self._signal(pid, signal.SIGKILL)
        return True

    def _reopen(self, names: Sequence[str]) -> bool:
        """Open links, but for those that another fault still holds."""
        for name in set(names) - held_links(self._broken()):
            self._proxy.open(name)
        return False


def held_links(faults: Iterable[Fault]) -> set[str]:
    """Name the links that these faults keep from being open."""
    return {
        name
        for fault in faults
        if fault.action in _LINK_ACTIONS
        for name in (LINKED if fault.action == "away" else (fault.target,))
    }

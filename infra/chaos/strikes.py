"""Let the faults strike when they are due, mend what they broke, and keep a journal of both."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from infra.chaos.blows import Blows, Damage
from infra.chaos.faults import Fault
from infra.chaos.hands import WORKERS, Hands
from infra.chaos.malformed import malformed_messages
from infra.chaos.proxy import Proxy
from infra.chaos.stage import StageWatch
from shared.connection import REDIS_ERRORS

AIM_SECONDS = 5.0  # how long a fault waits for its worker to have its hands full
_FULL_HANDS = 8
_ABSENT_SECONDS = 40.0  # how long it waits for a part that is down
_LINGER_SECONDS = 2.0  # between two faults of one part that were both waiting for it
_ON_PROCESSES = frozenset(("kill", "freeze", "restart", "away"))


@dataclass(slots=True)
class Strike:
    """A fault that struck. Times are Unix seconds.

    `held` are the jobs in a worker's hands when it was struck, `released_at` when its hands were
    empty again. `stubborn` is a part that would not stop when told to.
    """

    fault: Fault
    struck_at: float
    mended_at: float | None = None
    held: tuple[str, ...] = ()
    released_at: float | None = None
    stubborn: bool = False


@dataclass(slots=True)
class Journal:
    """All that was done: strikes, faults that found nobody, malformed messages by their name."""

    strikes: list[Strike] = field(default_factory=list)
    missed: list[Fault] = field(default_factory=list)
    pushed: dict[str, int] = field(default_factory=dict)  # name → how often it was tried


@dataclass(frozen=True, slots=True)
class _Ongoing:
    strike: Strike
    damage: Damage


class Striker:
    """Strike and mend; `tick` looks once at what is due and returns."""

    def __init__(
        self,
        faults: Sequence[Fault],
        watch: StageWatch,
        proxy: Proxy,
        hands: Hands,
        aim_seconds: float = AIM_SECONDS,
    ) -> None:
        self.journal = Journal()
        self._due = list(faults)
        self._struck_at: dict[str, float] = {}
        self._watch = watch
        self._blows = Blows(watch, proxy, lambda: [each.strike.fault for each in self._ongoing])
        self._hands = hands
        self._aim_seconds = aim_seconds
        self._ongoing: list[_Ongoing] = []
        self._watched: list[tuple[Strike, str]] = []
        self._to_push: list[tuple[str, str, bytes]] = []

    @property
    def done(self) -> bool:
        """Tell whether nothing is left to strike, to mend, to push or to watch."""
        return not (self._due or self._ongoing or self._to_push or self._watched)

    def tick(self, started_at: float) -> None:
        """Do what is due; faults count their time from `started_at`."""
        now = time.time()
        self._push_malformed()
        self._mend_due(now)
        self._watch_hands()
        for fault in [f for f in self._due if started_at + f.at_seconds <= now]:
            self._try(fault, now - started_at - fault.at_seconds)

    def mend_all(self) -> None:
        """Mend everything that is broken now; what has not struck yet never will."""
        self.journal.missed += self._due
        self._due.clear()
        for ongoing in list(self._ongoing):
            self._mend(ongoing)

    def _try(self, fault: Fault, late_seconds: float) -> None:
        """Strike, or leave the fault for the next look, or give it up."""
        if self._must_wait(fault):
            if late_seconds > _ABSENT_SECONDS:
                self._due.remove(fault)
                self.journal.missed.append(fault)
            return
        worker_id = self._aim(fault, late_seconds)
        if worker_id is not None:
            self._due.remove(fault)
            self._strike(fault, worker_id)

    def _must_wait(self, fault: Fault) -> bool:
        if fault.action not in _ON_PROCESSES:
            return False
        rested = time.time() - self._struck_at.get(fault.target, 0.0) > _LINGER_SECONDS
        return not (rested and self._watch.is_up(fault.target))

    def _aim(self, fault: Fault, late_seconds: float) -> str | None:
        """Return the worker to hit ('' for other faults), None while its hands are not full."""
        if fault.target not in WORKERS or fault.action not in ("kill", "freeze"):
            return ""
        try:
            worker_id = self._hands.worker_id(fault.target, self._watch.pids[fault.target]) or ""
            full = bool(worker_id) and self._hands.held(worker_id) >= _FULL_HANDS
        except REDIS_ERRORS:
            return None if late_seconds < _ABSENT_SECONDS else ""
        return worker_id if full or late_seconds > self._aim_seconds else None

    def _strike(self, fault: Fault, worker_id: str) -> None:
        strike = Strike(fault, time.time())
        damage = self._blows.deal(fault)
        if worker_id:
            self._begin_watch(strike, worker_id)
        if fault.action == "malformed":
            self._prepare_malformed(fault)
        self.journal.strikes.append(strike)
        self._struck_at[fault.target] = strike.struck_at
        if damage:
            self._ongoing.append(_Ongoing(strike, damage))

    def _prepare_malformed(self, fault: Fault) -> None:
        mark = f"malformed-{len(self.journal.pushed)}"
        for name, raw in malformed_messages(fault.target, mark).items():
            self._to_push.append((fault.target, name, raw))
            self.journal.pushed[name] = 0

    def _mend_due(self, now: float) -> None:
        for each in list(self._ongoing):
            if each.strike.struck_at + each.damage.seconds <= now:
                self._mend(each)

    def _mend(self, ongoing: _Ongoing) -> None:
        self._ongoing.remove(ongoing)
        ongoing.strike.stubborn = ongoing.damage.mend()
        ongoing.strike.mended_at = time.time()

    def _push_malformed(self) -> None:
        while self._to_push:
            queue, name, raw = self._to_push[0]
            self.journal.pushed[name] += 1
            try:
                self._hands.push(queue, raw)
            except REDIS_ERRORS:
                return
            self._to_push.pop(0)

    def _begin_watch(self, strike: Strike, worker_id: str) -> None:
        with contextlib.suppress(*REDIS_ERRORS):
            strike.held = tuple(self._hands.jobs(worker_id))
        if strike.held:
            self._watched.append((strike, worker_id))

    def _watch_hands(self) -> None:
        for strike, worker_id in list(self._watched):
            try:
                empty = self._hands.held(worker_id) == 0
            except REDIS_ERRORS:
                return
            if empty:
                strike.released_at = time.time()
                self._watched.remove((strike, worker_id))

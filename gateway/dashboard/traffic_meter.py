"""What workers have counted since the last look, of all tenants together."""

from collections.abc import Collection, Sequence
from heapq import nlargest

from gateway.dashboard.tally import NOTHING, Tally, added, ends, increase, tally_of
from gateway.queue.traffic import Traffic
from shared.counts import day_of

# Of more tenants these are read each time: the busiest of late, and others in turn.
BUSIEST, IN_TURN = 10, 10
_LATE_SECONDS = 600.0  # so long after midnight somebody may still count for the day before


class TrafficMeter:
    """Remember each tenant's counts, and say by how much they have grown.

    Counts are kept by day (UTC): for a while after midnight both days are read, so that the change
    of the day is neither a fall nor a leap.
    """

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._known: dict[tuple[str, str], Tally] = {}
        self._tenants: list[str] = []
        self._next = 0
        self._activity: dict[str, int] = {}

    @property
    def looks_a_round(self) -> int:
        """Return after how many looks each tenant's counts were read."""
        return -(-len(self._tenants) // IN_TURN)

    def begin(self, now: float) -> None:
        """Take the counts of all tenants as they stand; what they grew before is not known."""
        self._tenants, self._next = list(self._traffic.tenants()), 0
        self._activity.clear()
        self._known = self._read(self._tenants, now)

    def advance(self, now: float) -> Tally:
        """Return by how much the counts have grown, of those tenants whose turn it is."""
        grown = NOTHING
        for (tenant, day), tally in self._read(self._whose_turn(), now).items():
            more = increase(self._known.get((tenant, day), NOTHING), tally)
            self._known[tenant, day] = tally
            self._activity[tenant] = self._activity.get(tenant, 0) // 2 + ends(more)
            grown = added(grown, more)
        self._forget(_days(now))
        return grown

    def _whose_turn(self) -> Sequence[str]:
        if self._next >= len(self._tenants):
            self._tenants, self._next = list(self._traffic.tenants()), 0
        first, self._next = self._next, self._next + IN_TURN
        busiest = nlargest(BUSIEST, self._activity, key=lambda tenant: self._activity[tenant])
        return list(dict.fromkeys((*busiest, *self._tenants[first : self._next])))

    def _read(self, tenants: Sequence[str], now: float) -> dict[tuple[str, str], Tally]:
        return {
            (tenant, day): tally_of(counted)
            for day in _days(now)
            for tenant, counted in self._traffic.of_day(day, tenants).items()
        }

    def _forget(self, days: Collection[str]) -> None:
        if any(day not in days for _, day in self._known):
            self._known = {key: tally for key, tally in self._known.items() if key[1] in days}


def _days(now: float) -> Sequence[str]:
    return tuple(dict.fromkeys((day_of(now - _LATE_SECONDS), day_of(now))))

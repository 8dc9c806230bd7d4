"""What workers have counted since the last look, of all tenants together."""

from collections.abc import Sequence

from gateway.dashboard.tally import NOTHING, Tally, added, increase, tally_of
from gateway.queue.traffic import Traffic
from shared.counts import day_of

TENANTS_A_LOOK = 100  # of more tenants some are read each time, in turn
_LATE_SECONDS = 120.0  # so long after midnight somebody may still count for the day before


class TrafficMeter:
    """Remember each tenant's counts, and say by how much they have grown.

    Counts are kept by day (UTC): just after midnight both days are read, so that the change of the
    day is neither a fall nor a leap.
    """

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._known: dict[tuple[str, str], Tally] = {}
        self._tenants: list[str] = []
        self._next = 0

    def begin(self, now: float) -> None:
        """Take the counts of all tenants as they stand; what they grew before is not known."""
        self._known.clear()
        self._tenants, self._next = list(self._traffic.tenants()), 0
        for first in range(0, len(self._tenants), TENANTS_A_LOOK):
            self._read(self._tenants[first : first + TENANTS_A_LOOK], now)

    def advance(self, now: float) -> Tally:
        """Return by how much the counts have grown, of those tenants whose turn it is."""
        grown = NOTHING
        before = dict(self._known)
        for key, tally in self._read(self._whose_turn(), now).items():
            grown = added(grown, increase(before.get(key, NOTHING), tally))
        self._forget(now)
        return grown

    def _whose_turn(self) -> Sequence[str]:
        if self._next >= len(self._tenants):
            self._tenants, self._next = list(self._traffic.tenants()), 0
        first, self._next = self._next, self._next + TENANTS_A_LOOK
        return self._tenants[first : self._next]

    def _read(self, tenants: Sequence[str], now: float) -> dict[tuple[str, str], Tally]:
        found: dict[tuple[str, str], Tally] = {}
        for day in _days(now):
            for tenant, counted in self._traffic.of_day(day, tenants).items():
                found[tenant, day] = tally_of(counted)
        self._known |= found
        return found

    def _forget(self, now: float) -> None:
        days = _days(now)
        self._known = {key: tally for key, tally in self._known.items() if key[1] in days}


def _days(now: float) -> set[str]:
    return {day_of(now - _LATE_SECONDS), day_of(now)}

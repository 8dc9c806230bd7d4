"""How many handovers there are of all tenants, looked at some tenants at a time."""

from collections.abc import Iterable, Sequence

from gateway.queue.handovers import HandoverFigures, Handovers

TENANTS_A_LOOK = 20
_NONE = HandoverFigures(0, None, 0, None, 0, None)


class HandoverMeter:
    """Add up tenants' figures; of many tenants most are as they were seen some looks ago."""

    def __init__(self, handovers: Handovers) -> None:
        self._handovers = handovers
        self._seen: dict[int, HandoverFigures] = {}
        self._next = 0

    def look(self, tenants: Sequence[str]) -> HandoverFigures:
        """Return the figures of all; raises QueueUnavailable."""
        groups = range(0, len(tenants), TENANTS_A_LOOK)
        if self._next >= len(groups):
            self._next = 0
        first = groups[self._next]
        self._seen[first] = self._handovers.figures(tenants[first : first + TENANTS_A_LOOK])
        self._next += 1
        return _sum(self._seen.get(first, _NONE) for first in groups)


def _sum(figures: Iterable[HandoverFigures]) -> HandoverFigures:
    found = list(figures)
    return HandoverFigures(
        sum(each.open for each in found),
        _oldest(each.open_since for each in found),
        sum(each.claimed for each in found),
        _oldest(each.claimed_since for each in found),
        max(each.events for each in found),
        _oldest(each.events_since for each in found),
    )


def _oldest(times: Iterable[float | None]) -> float | None:
    return min((at for at in times if at is not None), default=None)

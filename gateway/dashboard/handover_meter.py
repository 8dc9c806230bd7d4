"""How many handovers there are of all tenants, looked at some tenants at a time."""

from collections.abc import Sequence

from gateway.queue.handovers import TENANTS_TOGETHER, HandoverFigures, Handovers, sum_figures

_NONE = HandoverFigures(0, None, 0, None, 0, None)


class HandoverMeter:
    """Add up tenants' figures; of many tenants most are as they were seen some looks ago."""

    def __init__(self, handovers: Handovers) -> None:
        self._handovers = handovers
        self._seen: dict[int, HandoverFigures] = {}
        self._next = 0

    def look(self, tenants: Sequence[str]) -> HandoverFigures:
        """Return the figures of all; raises QueueUnavailable."""
        groups = range(0, len(tenants), TENANTS_TOGETHER)
        if self._next >= len(groups):
            self._next = 0
        first = groups[self._next]
        self._seen[first] = self._handovers.figures(tenants[first : first + TENANTS_TOGETHER])
        self._next += 1
        return sum_figures([self._seen.get(first, _NONE) for first in groups])

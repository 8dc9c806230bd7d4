"""The readings of `parley top`, one after another."""

from collections import deque
from collections.abc import Callable

from infra.top.reading import Reading, Span, read_exposition
from infra.top.view import TopView, view
from shared.errors import GatewayUnavailable

_PREFIX = "parley_"
_RATE_SECONDS = 5.0
_WINDOW_SECONDS = 60.0


class Watcher:
    """Scrape again and again: rates are of the last seconds, times of the last minute.

    `scrape` returns a gateway's exposition, or raises GatewayUnavailable.
    """

    def __init__(self, scrape: Callable[[], str], clock: Callable[[], float]) -> None:
        self._scrape = scrape
        self._clock = clock
        self._readings: deque[Reading] = deque()

    def look(self) -> TopView:
        """Scrape once more and return what there is to see; raise GatewayUnavailable."""
        text = self._scrape()
        try:
            reading = read_exposition(text, self._clock())
        except ValueError as fault:
            raise GatewayUnavailable(f"What answers there has no metrics: {fault}.") from None
        if not any(name.startswith(_PREFIX) for name, _ in reading.samples):
            raise GatewayUnavailable("What answers there has metrics, but none of Parley.")
        self._readings.append(reading)
        while self._readings[0].at < reading.at - _WINDOW_SECONDS:
            self._readings.popleft()
        return view(self._since(_RATE_SECONDS), self._since(_WINDOW_SECONDS))

    def _since(self, seconds: float) -> Span:
        """Return the span from the first reading that is no older than this to the last one."""
        last = self._readings[-1]
        first = next(each for each in self._readings if each.at >= last.at - seconds)
        if first is last and len(self._readings) > 1:
            first = self._readings[-2]
        return Span(None if first is last else first, last)

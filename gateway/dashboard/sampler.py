"""Takes the dashboard's samples, in a thread of every gateway process, of which one is elected."""

import logging
import threading
import time

from gateway.dashboard.history import HOUR_SECONDS, History
from gateway.dashboard.meter import Meter
from gateway.dashboard.observation import Observer
from gateway.dashboard.sample import MINUTE_SECONDS, SAMPLE_SECONDS, Sample, merge_by_step, slot
from shared.clock import Clock
from shared.errors import QueueUnavailable

logger = logging.getLogger(__name__)


class Sampler:
    """Sample every few seconds while this process is the elected one.

    When it dies another one is elected in a few seconds, and takes its first observation: a gap of
    two samples at most.
    """

    def __init__(
        self, sampler_id: str, history: History, observer: Observer, meter: Meter, clock: Clock
    ) -> None:
        self._id = sampler_id
        self._history = history
        self._observer = observer
        self._meter = meter
        self._clock = clock
        self._last_minute: int | None = None
        self._thread = threading.Thread(target=self._run, name="dashboard-sampler", daemon=True)

    def start(self) -> None:
        """Begin to sample; returns at once."""
        self._thread.start()

    def sample_once(self) -> bool:
        """Take a sample if this process is elected; False if it is not. Raises QueueUnavailable."""
        if not self._history.elect(self._id):
            self._give_way()
            return False
        of_seconds, seen = self._meter.measure(self._observer.observe())
        minute = self._minute_that_is_over(round(seen.at))
        if not self._history.record(self._id, seen, of_seconds, minute):
            self._give_way()
            return False
        if minute:
            self._last_minute = slot(minute.at, MINUTE_SECONDS)
        return True

    def _give_way(self) -> None:
        self._meter.begin_anew()
        self._last_minute = None

    def _minute_that_is_over(self, now: int) -> Sample | None:
        """Return the first minute that is over, has samples and is not kept as a minute yet."""
        over = slot(now, MINUTE_SECONDS) - MINUTE_SECONDS
        if self._last_minute is None:
            kept = self._history.minutes_since(now - HOUR_SECONDS, now)
            self._last_minute = slot(kept[-1].at, MINUTE_SECONDS) if kept else 0
        if self._last_minute >= over:
            return None
        samples = self._history.seconds_since(self._last_minute, now)
        minutes = merge_by_step(samples, MINUTE_SECONDS)
        found = next((each for each in minutes if each.at <= over), None)
        if found is None:
            self._last_minute = over  # nothing was sampled until then
        return found

    def _run(self) -> None:
        while True:
            time.sleep(SAMPLE_SECONDS - self._clock.now() % SAMPLE_SECONDS)
            try:
                self.sample_once()
            except QueueUnavailable:
                pass  # other parts say so; the next round may succeed
            except Exception:
                logger.exception("the dashboard's sampler met an unexpected error")

"""How many replies a model writes at once: as many as its server bears, found by trying.

Additive increase, multiplicative decrease (Chiu and Jain, 1989), as TCP does it; what is measured
is the time to the first token, as servers queue what they cannot yet write.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from statistics import median

from shared.clock import Clock

FIRST_LIMIT = 4
SLOWER_FACTOR = 2.0  # of the best time to the first token: beyond, the server queues
SLACK_SECONDS = 0.1  # times below it are good in any case: they are mostly noise
DECREASE = 0.8
OVERLOAD_DECREASE = 0.5
WINDOW = 5  # times whose median is judged: one long prompt is no overload
FEWEST = 3
FORGET_SECONDS = 3_600.0  # in which the best time seen doubles


@dataclass(frozen=True, slots=True)
class Place:
    """A place that is taken: under which limit, and whether it was the last free one."""

    decreases: int
    was_last: bool


@dataclass(slots=True)
class _Waiting:
    granted: threading.Event = field(default_factory=threading.Event)
    place: Place | None = None


class Places:
    """A limit of replies in flight, between 1 and `most`; fair in order of arrival.

    Each place is released once. Safe from many threads at once.
    """

    def __init__(self, most: int, clock: Clock) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._limit = float(min(FIRST_LIMIT, most))
        self._taken = 0
        self._waiting: deque[_Waiting] = deque()
        self._decreases = 0
        self._recent: deque[float] = deque(maxlen=WINDOW)
        self._best: float | None = None
        self._best_at = 0.0

    @property
    def limit(self) -> int:
        """Return how many replies may be in flight now."""
        return int(self._limit)

    @property
    def taken(self) -> int:
        """Return how many are."""
        return self._taken

    def acquire(self, due_at: float) -> Place | None:
        """Wait for a place until a point in time (monotonic seconds); return None without one."""
        waiting = _Waiting()
        with self._lock:
            self._waiting.append(waiting)
            self._grant()
        waiting.granted.wait(max(0.0, due_at - self._clock.monotonic()))
        with self._lock:
            if waiting.place is None:
                self._waiting.remove(waiting)
            return waiting.place

    def release(self, place: Place) -> None:
        """Give a place to whoever waits longest."""
        with self._lock:
            self._taken -= 1
            self._grant()

    def note_first_token(self, place: Place, seconds: float) -> None:
        """Judge the limit by how long the server took to begin this place's reply."""
        with self._lock:
            best = self._best_of(seconds)
            if place.decreases != self._decreases:
                return  # it began under a limit that was found too high already
            self._recent.append(seconds)
            bearable = SLOWER_FACTOR * best + SLACK_SECONDS
            if len(self._recent) >= FEWEST and median(self._recent) > bearable:
                self._decrease(DECREASE, median(self._recent))
            elif place.was_last and seconds <= bearable:
                self._increase()

    def note_overload(self, place: Place) -> None:
        """Lower the limit: the server refused this place's reply for now, or was late."""
        with self._lock:
            if place.decreases == self._decreases:
                self._decrease(OVERLOAD_DECREASE, None)

    def _grant(self) -> None:
        while self._waiting and self._taken < int(self._limit):
            self._taken += 1
            waiting = self._waiting.popleft()
            waiting.place = Place(self._decreases, was_last=self._taken == int(self._limit))
            waiting.granted.set()

    def _best_of(self, seconds: float) -> float:
        """Return the best time seen, which is forgotten slowly."""
        now = self._clock.monotonic()
        if self._best is not None:
            seconds = min(seconds, self._best * 2 ** ((now - self._best_at) / FORGET_SECONDS))
        self._best, self._best_at = seconds, now
        return seconds

    def _increase(self) -> None:
        """Add one for each round of replies, as at first for each reply, until it was too much."""
        step = 1 / self._limit if self._decreases else 1.0
        self._limit = min(float(self._most), self._limit + step)
        self._grant()

    def _decrease(self, factor: float, seconds: float | None) -> None:
        """Lower the limit once for all replies that are in flight under it."""
        if self._limit == 1.0 and seconds is not None:
            self._best = seconds  # with one reply in flight this is the best that there is now
        self._limit = max(1.0, self._limit * factor)
        self._decreases += 1
        self._recent.clear()

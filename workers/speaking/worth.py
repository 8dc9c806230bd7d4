"""Whether a model is worth waiting for: one whose words come to nothing is left alone."""

import threading
from collections import deque

from shared.clock import Clock
from workers.voice.brief import Brief, Spoken

IN_VAIN = 3  # replies in a row
NOTICED_SECONDS = 1.0  # what takes less, such as a refused connection, keeps nobody waiting
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0


class Worth:
    """Learn from replies; safe from any thread.

    A reply is in vain if somebody waited for it and no sentence was shown, as it came too late or
    no source bears it out. After `IN_VAIN` in a row the model is left alone, until a rehearsal,
    for which nobody waits, yields a sentence in time. The next reply in vain ends that again. Each
    such rest doubles the pauses between rehearsals, a good reply undoes that.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._in_vain = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._tried_at: float | None = None  # None: it is not left alone
        self._good: Brief | None = None
        self._lost: deque[Brief] = deque(maxlen=IN_VAIN)

    @property
    def is_left_alone(self) -> bool:
        """Tell whether messages get the entries' own words at once."""
        with self._lock:
            return self._tried_at is not None

    def learn(self, brief: Brief, spoken: Spoken) -> bool:
        """Take a reply into account; tell whether the model is left alone from now on."""
        with self._lock:
            if spoken.first_seconds is not None:
                self._good, self._in_vain, self._pause = brief, 0, FIRST_PAUSE_SECONDS
            elif _is_in_vain(spoken):
                self._in_vain += 1
                self._lost.append(brief)
            if self._in_vain < IN_VAIN or self._tried_at is not None:
                return False
            self._tried_at = self._clock.monotonic()
            return True

    def due_rehearsal(self) -> Brief | None:
        """Return what to rehearse now: a reply that once was good, else those in vain in turn."""
        with self._lock:
            if self._tried_at is None or self._clock.monotonic() < self._tried_at + self._pause:
                return None
            self._lost.rotate()
            return self._good or self._lost[0]

    def settle(self, *, is_good: bool) -> None:
        """Take a rehearsal into account."""
        with self._lock:
            self._pause = min(LONGEST_PAUSE_SECONDS, 2 * self._pause)
            self._tried_at = None if is_good else self._clock.monotonic()
            self._in_vain = IN_VAIN - 1


def _is_in_vain(spoken: Spoken) -> bool:
    is_waited_for = spoken.seconds >= NOTICED_SECONDS
    return is_waited_for and bool(spoken.refused or spoken.fault or not spoken.sentences)

"""What a gateway process knows by itself of a full queue, for a moment after Redis has said so."""

from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.errors import AdmissionRefused

# Half of the queue's places become free in the time that a refused client is told. So what is
# refused here and would have been taken is at most a hundredth of that half.
SHARE_OF_RETRY = 0.01
MAX_CLOSED_SECONDS = 0.05
ANSWER_SECONDS = 0.2  # what was let in and not heard of for so long is given up
HALF_OPEN_SECONDS = 1.0  # once the queue has taken some
UNHEARD_SECONDS = 2.0  # where nothing at all is heard
QUIET_SECONDS = 1.0  # without any message
_GROWTH = 1.05  # from one grant to the next while the queue takes all
_LEAST_OF_RATE = 0.5  # of the rate before, whatever was taken since: answers may come late
_MAX_TENANTS = 1_024


class Admission(Protocol):
    """Tell what need not be sent to the queue, since it would be refused there."""

    def refusal(self, tenant: str) -> AdmissionRefused | None:
        """Return the refusal of a tenant's new message; None if the queue is to be asked."""

    def enter(self, tenant: str) -> AdmissionRefused | None:
        """Return the same, and count the message if it goes to the queue."""


@dataclass(slots=True)
class _Overload:
    """A tenant whose message was refused: closed until a time, half open from the first after it.

    `rate` is how many a second the queue took from one refusal to the next, 0 if that is not known;
    `taken` counts since `began_at`, the last refusal. `passes` may still go to the queue; of
    `asked` its answer has not come yet. `steps` counts the grants after the first of which all were
    heard.
    """

    refused: AdmissionRefused
    closed_until: float
    rate: float
    began_at: float
    last_at: float
    granted_at: float
    half_open_at: float | None = None
    steps: int = -1
    passes: int = 0
    asked: int = 0
    taken: int = 0

    def grant(self, now: float) -> None:
        """Let in as many as places came free since the last time, if all of those are heard of."""
        seconds = now - self.granted_at
        if self.passes or (self.asked and seconds < ANSWER_SECONDS):
            return
        steps = self.steps if self.asked else self.steps + 1
        free = self.rate * seconds * _GROWTH**steps if self.rate else 2.0**steps
        if free < 1 and seconds < ANSWER_SECONDS:
            return
        self.passes, self.asked = max(1, int(free)), 0
        self.granted_at, self.steps = now, steps

    def rate_until(self, now: float) -> float:
        """Return how many a second were taken up to a refusal."""
        measured = self.taken / max(now - self.began_at, 0.001)
        return max(measured, _LEAST_OF_RATE * self.rate)

    def is_over(self, now: float) -> bool:
        """Tell whether the queue has room, or nobody can tell."""
        if now - self.last_at >= QUIET_SECONDS:
            return True
        if self.half_open_at is None:
            return False
        seconds = HALF_OPEN_SECONDS if self.taken else UNHEARD_SECONDS
        return now - self.half_open_at >= seconds


class AdmissionGate:
    """Refuse a tenant's new messages for a moment after the queue has refused one of them.

    Then it lets in as many as the queue has places free, which it knows from how many a second were
    taken between the last two refusals, and each time that all were taken a twentieth more. So the
    queue is full and few messages are refused there. If that goes well for a second it is open, and
    also after a second without any message. Times begin with the first message after a pause and
    not with the clock alone, since a process that is very busy must not take its own delay for
    room. What may stand for an earlier message, by its Idempotency-Key, must not be asked about:
    only Redis knows.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._overloads: dict[str, _Overload] = {}

    def hear(self, tenant: str, refused: AdmissionRefused | None) -> None:
        """Take the queue's answer to one message: whether it refused it for want of room."""
        overload = self._overloads.get(tenant)
        if refused is not None:
            self._close(tenant, refused, overload)
        elif overload is not None:
            overload.asked = max(0, overload.asked - 1)
            overload.taken += 1

    def refusal(self, tenant: str) -> AdmissionRefused | None:
        """Return the refusal, if the gate is closed for a tenant."""
        overload = self._overloads.get(tenant)
        if overload is None:
            return None
        now = self._clock.monotonic()
        if overload.is_over(now):
            self._overloads.pop(tenant, None)
            return None
        overload.last_at = now
        if now < overload.closed_until:
            return overload.refused
        if overload.half_open_at is None:
            overload.half_open_at = now
        overload.grant(now)
        return None if overload.passes else overload.refused

    def enter(self, tenant: str) -> AdmissionRefused | None:
        """Return the refusal, or count a message that goes to the queue."""
        refused = self.refusal(tenant)
        overload = self._overloads.get(tenant)
        if refused is None and overload is not None:
            overload.passes -= 1
            overload.asked += 1
        return refused

    def _close(self, tenant: str, refused: AdmissionRefused, overload: _Overload | None) -> None:
        """Close, unless it is closed already: messages that were under way change nothing."""
        now = self._clock.monotonic()
        if overload is not None and now < overload.closed_until:
            return
        if len(self._overloads) >= _MAX_TENANTS:
            self._overloads.clear()
        rate = overload.rate_until(now) if overload else 0.0
        seconds = min(MAX_CLOSED_SECONDS, SHARE_OF_RETRY * refused.retry_after_seconds)
        self._overloads[tenant] = _Overload(refused, now + seconds, rate, now, now, now)

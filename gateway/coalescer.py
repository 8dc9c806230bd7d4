"""Gather what arrives while a round trip is under way into the next one; no timer."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from shared.errors import QueueUnavailable

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class _Ticket(Generic[Item, Outcome]):
    """One caller's place: woken once, either with what became of its item or to lead."""

    __slots__ = ("abandoned", "error", "item", "latch", "outcome", "settled")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.outcome: Outcome | None = None
        self.error: BaseException | None = None
        self.settled = False
        self.abandoned = False
        self.latch = threading.Lock()
        self.latch.acquire()


class Coalescer(Generic[Item, Outcome]):
    """Send the items of many callers together; each caller blocks for its own outcome.

    The first caller leads a round trip; those who come meanwhile wait, and the first of them leads
    the next. `send` takes items and returns one outcome for each, an exception among them is raised
    to its caller. What `send` raises goes to every caller of that trip.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Item]], Sequence[Outcome | Exception]],
        *,
        patience_seconds: float = 3.0,
        most: int = 512,
    ) -> None:
        self._send = send
        self._patience_seconds = patience_seconds
        self._most = most
        self._lock = threading.Lock()
        self._gathered: list[_Ticket[Item, Outcome]] = []
        self._under_way = False

    def submit(self, item: Item) -> Outcome:
        """Return the item's outcome; raise QueueUnavailable when patience runs out."""
        ticket: _Ticket[Item, Outcome] = _Ticket(item)
        with self._lock:
            self._gathered.append(ticket)
            leads = not self._under_way
            self._under_way = True
        if not leads and not ticket.latch.acquire(timeout=self._patience_seconds):
            self._abandon(ticket)
        if not ticket.settled:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.outcome  # type: ignore[return-value]  # settled without an error

    def _abandon(self, ticket: _Ticket[Item, Outcome]) -> None:
        with self._lock:
            if not ticket.latch.acquire(blocking=False):
                ticket.abandoned = True
                raise QueueUnavailable("Redis did not answer in time")

    def _lead(self) -> None:
        with self._lock:
            waiting = [ticket for ticket in self._gathered if not ticket.abandoned]
            batch, self._gathered = waiting[: self._most], waiting[self._most :]
        try:
            self._travel(batch)
        finally:
            self._hand_over()

    def _travel(self, batch: Sequence[_Ticket[Item, Outcome]]) -> None:
        failure: BaseException = QueueUnavailable("the gateway was stopped on the way to Redis")
        outcomes: Sequence[Outcome | Exception] = ()
        try:
            outcomes = self._send([ticket.item for ticket in batch])
        except Exception as error:  # noqa: BLE001 - raised again by every caller of this trip
            failure = error
        finally:
            for place, ticket in enumerate(batch):
                _settle(ticket, outcomes[place] if place < len(outcomes) else failure)

    def _hand_over(self) -> None:
        with self._lock:
            for ticket in self._gathered:
                if not ticket.abandoned:
                    ticket.latch.release()
                    return
            self._gathered.clear()
            self._under_way = False


def _settle(ticket: _Ticket[Item, Outcome], outcome: Outcome | BaseException) -> None:
    if isinstance(outcome, BaseException):
        ticket.error = outcome
    else:
        ticket.outcome = outcome
    ticket.settled = True
    ticket.latch.release()

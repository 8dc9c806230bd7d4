"""Handovers and their webhook events over all partitions: each lies with its conversation."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from gateway.queue.handovers import (
    HandoverFigures,
    HandoverFilter,
    HandoverPage,
    Handovers,
    cursor_of,
    read_cursor,
)
from gateway.webhook.outbox import Outbox, WaitingEvent
from shared import tenants
from shared.errors import UnknownHandover
from shared.handovers import Handover
from shared.jobs import Turn
from shared.partitions import Partitions

Found = TypeVar("Found")


class PartitionedHandovers:
    """List handovers of all partitions together; find each by its id, which is that of a job."""

    def __init__(self, partitions: Partitions, parts: Sequence[Handovers]) -> None:
        self._partitions = partitions
        self._parts = parts

    def page(
        self,
        state: HandoverFilter,
        limit: int,
        cursor: str | None,
        tenant: str = tenants.DEFAULT_TENANT,
        since: float | None = None,
    ) -> HandoverPage:
        """Return the oldest of what each partition has after the cursor."""
        after = None if cursor is None else read_cursor(cursor)
        pages = [part.page(state, limit, cursor, tenant, since) for part in self._parts]
        found = sorted((each for page in pages for each in page.handovers), key=_place)
        if after is not None:  # one opened at the same moment elsewhere may come once more
            found = [each for each in found if _place(each) > (float(after[0]), after[1])]
        more = len(found) > limit or any(page.next for page in pages)
        shown = found[:limit]
        return HandoverPage(shown, cursor_of(shown[-1]) if more and shown else None)

    def find(self, handover_id: str) -> Handover:
        """Return one handover."""
        return self._where(handover_id, lambda part: part.find(handover_id))

    def claim(self, handover_id: str, by: str) -> Handover:
        """Give it to a person."""
        return self._where(handover_id, lambda part: part.claim(handover_id, by))

    def reply(self, handover_id: str, text: str, by: str | None) -> Turn:
        """Append a person's reply to the conversation."""
        return self._where(handover_id, lambda part: part.reply(handover_id, text, by))

    def release(self, handover_id: str, by: str | None) -> Handover:
        """Give it back, so that it is open again."""
        return self._where(handover_id, lambda part: part.release(handover_id, by))

    def close(self, handover_id: str, note: str | None, by: str | None = None) -> Handover:
        """Let the bot answer again."""
        return self._where(handover_id, lambda part: part.close(handover_id, note, by))

    def last_of(self, conversation_id: str) -> Handover | None:
        """Return a conversation's last handover."""
        own = self._parts[self._partitions.index_of(conversation_id)]
        return own.last_of(conversation_id) or self._parts[-1].last_of(conversation_id)

    def figures(self, of_tenants: Sequence[str] = (tenants.DEFAULT_TENANT,)) -> HandoverFigures:
        """Count the handovers of all partitions together."""
        parts = [part.figures(of_tenants) for part in self._parts]
        return HandoverFigures(
            sum(part.open for part in parts),
            _oldest(part.open_since for part in parts),
            sum(part.claimed for part in parts),
            _oldest(part.claimed_since for part in parts),
            sum(part.events for part in parts),
            _oldest(part.events_since for part in parts),
        )

    def _where(self, handover_id: str, call: Callable[[Handovers], Found]) -> Found:
        try:
            return call(self._parts[self._partitions.index_of(handover_id)])
        except UnknownHandover:
            return call(self._parts[-1])


class PartitionedOutbox:
    """Hand out the events of one partition after the other."""

    def __init__(self, parts: Sequence[Outbox]) -> None:
        self._parts = parts
        self._next = 0

    def take(self, now: float, ends_at: float) -> WaitingEvent | None:
        """Return an event of the next partition that has one; from one thread only."""
        for step in range(len(self._parts)):
            index = (self._next + step) % len(self._parts)
            event = self._parts[index].take(now, ends_at)
            if event is not None:
                self._next = index + 1
                return replace(event, partition=index)
        return None

    def delivered(self, event: WaitingEvent) -> None:
        """Forget an event."""
        self._parts[event.partition].delivered(event)

    def retry(self, event: WaitingEvent, due_at: float) -> None:
        """Keep an event for a later try."""
        self._parts[event.partition].retry(event, due_at)

    def give_up(self, event: WaitingEvent, reason: str, at: float) -> None:
        """Move an event to the dead letters of its partition."""
        self._parts[event.partition].give_up(event, reason, at)


def _place(handover: Handover) -> tuple[float, str]:
    return handover.opened_at, handover.conversation_id


def _oldest(times: Iterable[float | None]) -> float | None:
    return min((time for time in times if time is not None), default=None)

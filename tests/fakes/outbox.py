"""An outbox in memory, of one conversation."""

from dataclasses import replace

from gateway.webhook.outbox import WaitingEvent


class FakeOutbox:
    """Hand out the first event once it is due."""

    def __init__(self) -> None:
        self._events: list[WaitingEvent] = []
        self.due_at = 0.0
        self.ends_at = 0.0
        self.given_up: list[tuple[str, str]] = []

    def put(self, event: WaitingEvent) -> None:
        """Add an event as the last."""
        self._events.append(event)

    def take(self, now: float, ends_at: float) -> WaitingEvent | None:
        if not self._events or now < self.due_at:
            return None
        self.due_at = self.ends_at = ends_at
        return self._events[0]

    def delivered(self, event: WaitingEvent) -> None:
        self._events.remove(event)
        self.due_at = 0.0

    def retry(self, event: WaitingEvent, due_at: float) -> None:
        self._events[0] = replace(event, failures=event.failures + 1)
        self.due_at = due_at

    def give_up(self, event: WaitingEvent, reason: str, at: float) -> None:
        self.delivered(event)
        self.given_up.append((event.id, reason))

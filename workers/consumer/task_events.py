"""What Celery's monitors are sent of each job. Message text never goes into an event."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

EventKind = Literal["received", "started", "succeeded", "failed", "revoked"]


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """One step in a task's life. Times are Unix seconds, as far as they are known.

    `runtime_seconds` once it succeeded; `fault` once it failed or was revoked.
    """

    kind: EventKind
    task_id: str
    task: str
    at: float
    received_at: float | None = None
    started_at: float | None = None
    runtime_seconds: float = 0.0
    fault: str = ""


class TaskEvents(Protocol):
    """Takes events at once and sends them in batches."""

    def open(self) -> None:
        """Begin to send."""

    def close(self) -> None:
        """Send what waits, then end."""

    def emit(self, events: Iterable[TaskEvent]) -> None:
        """Take events; never blocks and never raises."""

    def switch(self, *, on: bool) -> bool:
        """Send events from now on, or drop them; return whether events are as was asked."""


class NoEvents:
    """Drop all events."""

    def open(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def emit(self, events: Iterable[TaskEvent]) -> None:
        """Do nothing."""

    def switch(self, *, on: bool) -> bool:
        """Return whether none is what was asked for."""
        return not on

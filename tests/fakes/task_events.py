"""Task events kept in a list."""

from collections.abc import Iterable

from workers.consumer.task_events import TaskEvent


class RecordedEvents:
    """Keep all events in a list."""

    def __init__(self) -> None:
        self.emitted: list[TaskEvent] = []

    def open(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def emit(self, events: Iterable[TaskEvent]) -> None:
        """Keep the events."""
        self.emitted.extend(events)

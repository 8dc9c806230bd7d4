"""Task events kept in a list."""

from collections.abc import Iterable

from workers.consumer.task_events import TaskEvent


class RecordedEvents:
    """Keep all events in a list."""

    def __init__(self) -> None:
        self.emitted: list[TaskEvent] = []
        self.on = True

    def open(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def emit(self, events: Iterable[TaskEvent]) -> None:
        """Keep the events."""
        if self.on:
            self.emitted.extend(events)

    def switch(self, *, on: bool) -> bool:
        """Keep events from now on, or not."""
        self.on = on
        return True

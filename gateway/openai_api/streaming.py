"""What the streams under /v1 have in common: nobody can come back to one."""

from collections.abc import Mapping
from typing import Any, Protocol

from gateway.job_events import JobEvent, JobEvents
from shared.errors import QueueUnavailable


class StreamForm(Protocol):
    """How a kind of stream tells a job's events."""

    def encode(self, event: JobEvent) -> bytes:
        """Return what is sent for one event, maybe nothing."""

    def fault(self, status: int, name: str, message: str) -> bytes:
        """Return an error."""


class PatientEvents:
    """A job's events in another form; while Redis is away there is no news."""

    def __init__(self, events: JobEvents, form: StreamForm) -> None:
        self._events = events
        self._form = form
        self._begun = False

    @property
    def over(self) -> bool:
        """Return whether the end has been told."""
        return self._events.over

    def news(self) -> bytes:
        """Return what is to be sent since the last call; raise QueueUnavailable the first time."""
        try:
            events = self._events.news()
        except QueueUnavailable:
            if self._begun:
                return b""
            raise  # the response can still be an error
        self._begun = True
        return b"".join(map(self._form.encode, events))

    def late(self) -> bytes:
        """Return the error of an answer that did not come in time."""
        return self._form.fault(504, "job-expired", "The message was not answered in time.")


def problem_name(problem: Mapping[str, Any]) -> str:
    """Return the name in a problem's type."""
    return str(problem["type"]).rpartition(":")[2]

"""What the dispatcher tells of the jobs that it queues, for traces."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from gateway.queue.publisher import EnqueueOutcome
from shared.jobs import ChatJob
from shared.tracing.context import TraceContext


class Sending(Protocol):
    """A job on its way to the queue."""

    @property
    def context(self) -> TraceContext | None:
        """Return what the worker's spans belong to, if traces are on."""

    def end(self, outcome: EnqueueOutcome | Exception) -> None:
        """Take the queue's answer, from any thread."""


BeginSending = Callable[[ChatJob], Sending]


@dataclass(frozen=True, slots=True)
class UntracedSending:
    """Tell nobody."""

    context: None = None

    def end(self, outcome: EnqueueOutcome | Exception) -> None:
        """Do nothing."""


_UNTRACED = UntracedSending()


def untraced(_job: ChatJob) -> Sending:
    """Return what tells nobody."""
    return _UNTRACED


@contextmanager
def telling_faults(sending: Sending) -> Iterator[None]:
    """Tell what is raised meanwhile, and raise it."""
    try:
        yield
    except Exception as fault:
        sending.end(fault)
        raise

"""Step 3 as a port: what works on prepared jobs, an engine or something else."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol

from shared.histograms import Histogram
from workers.consumer.batching import BatchBuffer
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import JobT


class Work(Protocol):
    """Takes jobs from the buffer until that is closed, and passes on what became of them."""

    def run(self) -> None:
        """Work; return once the buffer is closed and all that was taken is passed on."""

    def running(self) -> Sequence[str]:
        """Return the task ids of the jobs that are worked on now."""

    def loaded_per_second(self) -> float:
        """Return how many messages a second it gets through while more wait."""

    def passed(self, messages: int) -> None:
        """Take note of messages that are answered without it."""

    def batch_messages(self) -> Histogram | None:
        """Return how large its batches were, if it works in batches."""


class MakeWork(Protocol, Generic[JobT]):
    """Makes the work of one consumer."""

    def __call__(self, buffer: BatchBuffer[JobT], put: Callable[[BatchResult[JobT]], None]) -> Work:
        """Make it; `put` takes what is done."""

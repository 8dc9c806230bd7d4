"""The port by which the steps of a worker say what they have done with messages."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import Completion, CompletionVerdict, JobT, Lease, LeasedJob

EndBatch = Callable[[int], None]
Deliveries = Callable[[Sequence[str]], Sequence[int]]


class Traces(Protocol):
    """Record messages from lease to completion. No call raises anything, none waits for long.

    A message whose trace is recorded carries its span in its lease. Times are monotonic seconds.
    """

    def receive(
        self, leased: Sequence[LeasedJob[JobT]], deliveries: Deliveries
    ) -> Sequence[LeasedJob[JobT]]:
        """Return the messages with their spans; `deliveries` counts how often each has come."""

    def receive_faulty(self, lease: Lease) -> Lease:
        """Return the lease of a message that cannot be decoded, with its span."""

    def prepared(self, jobs: Sequence[PreparedJob[Any]]) -> None:
        """Take jobs that are ready for the engine."""

    def begin_batch(
        self, jobs: Sequence[PreparedJob[Any]], engine: str, tokens: int, padded_tokens: int
    ) -> EndBatch:
        """Take a batch that an engine begins with; call the result with the number of faults."""

    def ran(self, batches: Sequence[BatchResult[Any]]) -> None:
        """Take what went through the engine."""

    def drafted(self, leases: Sequence[Lease]) -> None:
        """Take messages whose results were found."""

    def toned(self, leases: Sequence[Lease]) -> None:
        """Take messages whose wait for the tone has ended."""

    def handed_over(self, leases: Sequence[Lease]) -> None:
        """Take messages that others go on with."""

    def completed(
        self,
        ends: Sequence[tuple[Completion[Any, Any], CompletionVerdict]],
        began_at: float,
    ) -> None:
        """Take the ends of messages, which were being stored since `began_at`."""

    def close(self) -> None:
        """Send what waits within a short time."""


def _ignore(_faults: int) -> None:
    return


class NoTraces:
    """Record nothing."""

    def receive(
        self, leased: Sequence[LeasedJob[JobT]], deliveries: Deliveries
    ) -> Sequence[LeasedJob[JobT]]:
        """Return them as they are."""
        return leased

    def receive_faulty(self, lease: Lease) -> Lease:
        """Return it as it is."""
        return lease

    def prepared(self, jobs: Sequence[PreparedJob[Any]]) -> None:
        """Do nothing."""

    def begin_batch(
        self, jobs: Sequence[PreparedJob[Any]], engine: str, tokens: int, padded_tokens: int
    ) -> EndBatch:
        """Return what does nothing."""
        return _ignore

    def ran(self, batches: Sequence[BatchResult[Any]]) -> None:
        """Do nothing."""

    def drafted(self, leases: Sequence[Lease]) -> None:
        """Do nothing."""

    def toned(self, leases: Sequence[Lease]) -> None:
        """Do nothing."""

    def handed_over(self, leases: Sequence[Lease]) -> None:
        """Do nothing."""

    def completed(
        self,
        ends: Sequence[tuple[Completion[Any, Any], CompletionVerdict]],
        began_at: float,
    ) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

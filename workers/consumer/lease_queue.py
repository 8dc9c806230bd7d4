"""What the drain asks of the queue, and the values that pass between them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from shared.jobs import ChatJob, JobState, Tone, Turn, WorkerStatus

QUARANTINE_AFTER = 3  # deliveries from which on a message is run alone

ClaimVerdict = Literal["run", "parked", "ended", "cancelled"]
CompletionVerdict = Literal["applied", "lost", "duplicate"]

# Longer than the longest deadline that a gateway can be given (an hour): where a lane runs out, its
# holder is a job that will be dropped as expired.
LANE_TTL_SECONDS = 4_000

# A parked job is put back for a worker to end it; by then that worker's clock must agree.
EXPIRY_GRACE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Lease:
    """A message in this worker's hands; `token` proves it."""

    token: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """A decoded chat job about to start; `foreign` if no gateway has queued its tone task."""

    token: bytes
    job: ChatJob
    external: bool = False


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """Whether a job may run, and the ids of the wording that its conversation has seen."""

    verdict: ClaimVerdict
    phrases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that cannot be answered, kept for an operator; `at` is Unix seconds."""

    id: str | None
    task: str | None
    queue: str
    reason: str
    at: float
    raw: bytes
    traceback: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """How one chat job ended. `job_id` is None only for a message that has no readable id."""

    token: bytes
    job_id: str | None
    state: JobState
    body: bytes
    done_at: float
    conversation_id: str | None = None
    gateway: str | None = None
    turns: tuple[Turn, Turn] | None = None
    phrases: tuple[str, ...] = ()
    dead_letter: DeadLetter | None = None


@dataclass(frozen=True, slots=True)
class ToneCompletion:
    """How one tone task ended: a tone, or a dead letter, or (dropped in time) neither."""

    token: bytes
    job_id: str | None
    tone: Tone | None = None
    dead_letter: DeadLetter | None = None


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """What was taken from dead workers: messages put back, and leases over the delivery limit."""

    returned: int = 0
    over_limit: tuple[Lease, ...] = ()


class LeaseQueue(Protocol):
    """A queue whose messages are taken and recorded in one step. Raises QueueUnavailable."""

    def wait(self, timeout_seconds: float) -> None:
        """Return when a message may be there, at the latest after the timeout."""

    def lease(self, limit: int) -> list[Lease]:
        """Take up to `limit` messages from the head, oldest first.

        A message that two workers died with comes alone, to a worker that holds nothing else; none
        comes while it does.
        """

    def heartbeat(self, status: WorkerStatus) -> None:
        """Tell that this worker lives."""

    def reclaim_dead(self) -> Reclaimed:
        """Return what dead workers of any queue held to its head, counting deliveries.

        Only this queue's messages can be over the limit: each role buries its own.
        """

    def release_all(self) -> int:
        """Return all that this worker holds to the head of the queue, and end its heartbeat."""


class InferenceQueue(LeaseQueue, Protocol):
    """The queue of chat jobs; `reclaim_dead` also returns those whose time ran out in a lane."""

    def start(self, arrivals: Sequence[Arrival]) -> list[ClaimResult]:
        """Judge each arrival in order; afterwards only those with verdict `run` may run."""

    def tones(self, job_ids: Sequence[str]) -> Mapping[str, Tone]:
        """Return the tones that are there; later ones come to the subscription.

        Where no sentiment worker lives, the missing ones are UNKNOWN_TONE: nothing can come.
        """

    def subscribe_tones(self, on_tone: Callable[[str, Tone], None]) -> Callable[[], None]:
        """Call back from another thread with each tone that comes late; return the way to stop."""

    def complete(self, completions: Sequence[Completion]) -> list[CompletionVerdict]:
        """Apply each job's effects exactly once, all in one atomic step."""


class SentimentQueue(LeaseQueue, Protocol):
    """The queue of tone tasks."""

    def complete(self, completions: Sequence[ToneCompletion]) -> list[CompletionVerdict]:
        """Store the tones and tell the workers that wait for them, in one atomic step."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Bounds that the queue keeps, in seconds and counts."""

    heartbeat_ttl_seconds: float = 3.0
    deliveries: int = 5
    job_ttl_seconds: int = LANE_TTL_SECONDS
    lane_ttl_seconds: int = LANE_TTL_SECONDS
    tone_ttl_seconds: int = 120
    result_ttl_seconds: int = 3_600
    conversation_ttl_seconds: int = 86_400
    turns: int = 200
    dead_letters: int = 10_000
    forget_worker_seconds: float = field(default=3_600.0)

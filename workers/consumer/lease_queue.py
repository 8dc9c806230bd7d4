"""The port to a queue, and the values that cross it. The adapters are in Redis."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, NamedTuple, Protocol, Self, TypeVar

from shared import keys
from shared.dead_letters import DeadLetter as DeadLetter
from shared.jobs import EarlyVector, JobState, Tone
from shared.queue_lists import QueueLists
from shared.results import Failure
from shared.tracing.context import TraceContext
from shared.worker_status import WorkerStatus
from workers.consumer.message_span import MessageSpan
from workers.token_budgets import TokenBudgets

QUARANTINE_AFTER = 3  # from this delivery on, a message is run alone

ClaimVerdict = Literal["run", "parked", "refused", "ended", "cancelled"]
# postponed: its partition cannot be reached now; complete it again later
CompletionVerdict = Literal["applied", "lost", "duplicate", "postponed"]
DeadLetterReason = Literal["malformed", "unprepared", "failed", "deliveries"]
HandOverVerdict = Literal["handed", "late", "unserved", "spent", "ended", "lost"]

# Longer than the longest deadline that a gateway can be given (an hour): when a lane runs out, its
# holder is a job that will be dropped as expired.
LANE_TTL_SECONDS = 4_000

# An expired parked job is put back for a worker to end it, whose clock must agree by this time.
EXPIRY_GRACE_SECONDS = 0.5


class Job(Protocol):
    """What the consumer asks of every job, whatever its role."""

    @property
    def task_id(self) -> str:
        """Return the id of its Celery task."""

    @property
    def task(self) -> str:
        """Return the name of its Celery task."""

    @property
    def message(self) -> str:
        """Return the text for the engine."""

    @property
    def accepted_at(self) -> float | None:
        """Return the Unix time at which a gateway accepted it, or None."""

    @property
    def expires_at(self) -> float | None:
        """Return the Unix time from which on its result is of no use, or None."""

    @property
    def trace(self) -> TraceContext | None:
        """Return what its spans belong to."""

    def traced(self, trace: TraceContext) -> Self:
        """Return it as part of a trace."""


JobT = TypeVar("JobT", bound=Job)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Lease:
    """A message that this worker holds; `token` proves it, `span` records it if it is traced."""

    token: bytes
    raw: bytes
    span: MessageSpan | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LeasedJob(Generic[JobT]):
    """A decoded job and the lease it came with."""

    lease: Lease
    job: JobT


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """Whether a job may run, and what its role keeps of its conversation from job to job.

    `dialogue` is as the last job's completion stored it, empty on a first turn.
    `with_person`: a person has taken the conversation over. `person_called`: one shall, but none
    has yet. `shown` is what was shown of a reply that somebody else began to put into words.
    `tone_due`: its tone task is still to be queued, by this worker.
    """

    verdict: ClaimVerdict
    dialogue: bytes = b""
    with_person: bool = False
    person_called: bool = False
    shown: str = ""
    tone_due: bool = False


@dataclass(frozen=True, slots=True)
class ClaimedJob(Generic[JobT]):
    """A job that may run, and what was found out when it was claimed."""

    leased: LeasedJob[JobT]
    claim: ClaimResult

    @property
    def job(self) -> JobT:
        """Return the job itself."""
        return self.leased.job


class StageSeconds(NamedTuple):
    """Where a message's time went. The fields are shared/histograms.py's stages, in order."""

    queue: float
    prepare: float
    engine: float
    compose: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion(Generic[JobT, ResultT]):
    """How one job ended: with a result (`done`) or with a failure.

    `job` is None if the message could not be decoded; `task_id` is None if it has no readable id.
    Times are Unix seconds; `started_at` is None if the engine never ran it, and `stages` if it has
    no result. `dead_reason` says why there is a dead letter: it was not readable, not prepared,
    failed in the engine or after it, or was delivered too often. `already_ended`: its end was
    stored and reported before, so that only its lease has to go.
    """

    lease: Lease
    job: JobT | None
    task_id: str | None
    done_at: float
    result: ResultT | None = None
    failure: Failure | None = None
    dead_letter: DeadLetter | None = None
    dead_reason: DeadLetterReason | None = None
    leased_at: float | None = None
    started_at: float | None = None
    stages: StageSeconds | None = None
    already_ended: bool = False

    @property
    def state(self) -> JobState:
        """Return the state in which the job ended."""
        return self.failure.state if self.failure else "done"


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """What was taken from dead workers: messages put back, and leases over the delivery limit."""

    returned: int = 0
    over_limit: tuple[Lease, ...] = ()


class LeaseQueue(Protocol[JobT, ResultT]):
    """A queue whose messages are taken and recorded in one step.

    Every call but `deliveries`, `hasten`, `heartbeat`, `reclaim_dead` and `release_all` is retried
    until it succeeds or the worker stops; then, as those five do at once, it raises
    QueueUnavailable.
    """

    def wait(self, timeout_seconds: float) -> None:
        """Return when a message may be there, at the latest after the timeout."""

    def lease(self, limit: int) -> list[Lease]:
        """Take up to `limit` messages from the head, oldest first.

        A message that two workers died with comes alone, to a worker that holds nothing else; no
        other message comes while it does. A worker that has just begun gets none of these.
        """

    def claim(self, jobs: Sequence[LeasedJob[JobT]]) -> list[ClaimResult]:
        """Decide on each job in order; afterwards only those with verdict `run` may run."""

    def give_back(self, jobs: Sequence[LeasedJob[JobT]]) -> int:
        """Put jobs that this worker cannot work on back to where another one takes them.

        Returns how many; the others are no longer under its lease.
        """

    def deliveries(self, task_ids: Sequence[str]) -> list[int]:
        """Return how often each message was delivered, this time included."""

    def complete(self, completions: Sequence[Completion[JobT, ResultT]]) -> list[CompletionVerdict]:
        """Apply each job's effects exactly once, all in one atomic step."""

    def hasten(self, task_ids: Sequence[str]) -> None:
        """Make what is kept until later due at once, such as what was revoked."""

    def heartbeat(self, status: WorkerStatus) -> None:
        """Report that this worker lives."""

    def reclaim_dead(self) -> Reclaimed:
        """Return what dead workers of any queue held to its head, counting deliveries.

        Only this queue's messages can be over the limit: each role ends its own.
        """

    def release_all(self) -> int:
        """Return all that this worker holds to the head of the queue, and end its heartbeat."""


class ToneSource(Protocol):
    """Gives the tones of jobs, now or later."""

    def tones(self, job_ids: Sequence[str]) -> Mapping[str, Tone]:
        """Return the tones that are known; later ones come to the subscription.

        If no sentiment worker lives, the missing ones are UNKNOWN_TONE: none can come.
        """

    def subscribe_tones(self, on_tone: Callable[[str, Tone], None]) -> Callable[[], None]:
        """Call back from another thread with each tone that comes late; return the way to stop."""


@dataclass(frozen=True, slots=True)
class DueTone(Generic[JobT]):
    """A claimed job whose tone task is due, and what its tone may be found from."""

    job: JobT
    early: EarlyVector | None


class ToneTasks(Protocol[JobT]):
    """Takes the tone tasks of jobs that were claimed with theirs due."""

    def queue_tones(self, tones: Sequence[DueTone[JobT]]) -> None:
        """Queue each, once however often this is called. Retried as the calls of a queue are."""


@dataclass(frozen=True, slots=True)
class HandOver(Generic[JobT]):
    """A leased job that shall get a second look; `first_look` writes down what that starts from."""

    leased: LeasedJob[JobT]
    first_look: Callable[[], str]


class SecondLooks(Protocol[JobT]):
    """Takes jobs for the large encoder, as far as it would answer them in time."""

    def hand_over(self, jobs: Sequence[HandOver[JobT]]) -> list[HandOverVerdict]:
        """Hand each job over or not, in order; only of those `handed` the lease is gone for good.

        Retried as the calls of a queue are.
        """


class Voice(Protocol[JobT, ResultT]):
    """Takes ends for a language model to put into words, as far as it would do so in time."""

    def offer_words(
        self, completions: Sequence[Completion[JobT, ResultT]]
    ) -> list[HandOverVerdict | None]:
        """Hand each job over or not, in order; None: there is nothing to put into words.

        Only of those `handed` the lease is gone for good; `spent`: their tenant has used up what
        it may use today. Retried as the calls of a queue are.
        """


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """How long a queue keeps what, how often it delivers a message, how soon a reply is due.

    `replica_acks`: how many replicas must have an end before it counts as stored.
    `tenant_weights`: how many messages of a tenant are taken in a round where others get one.
    `ahead_of_tones`: how many messages for each inference worker must be ahead of one whose tone
    task is left due. `voice_target_seconds`: how soon a reply in a language model's words is due.
    `voice_budgets`: tokens that tenants may use for these a day.
    """

    heartbeat_ttl_seconds: float = 3.0
    deliveries: int = 5
    latency_target_seconds: float = 0.5
    job_ttl_seconds: int = LANE_TTL_SECONDS
    lane_ttl_seconds: int = LANE_TTL_SECONDS
    tone_ttl_seconds: int = 120
    result_ttl_seconds: int = 3_600
    conversation_ttl_seconds: int = 86_400
    turns: int = keys.MAX_TURNS
    memory_records: int = 500
    memory_ttl_seconds: int = 2_592_000
    dead_letters: int = keys.MAX_DEAD_LETTERS
    forget_worker_seconds: float = 3_600.0
    lists: QueueLists = field(default_factory=QueueLists)
    tenant_weights: Mapping[str, int] = field(default_factory=dict)
    replica_acks: int = 0
    ahead_of_tones: int = 8
    voice_target_seconds: float = 5.0
    voice_budgets: TokenBudgets = field(default_factory=TokenBudgets)

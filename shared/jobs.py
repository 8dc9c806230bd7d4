"""Jobs and replies, as they travel between gateway and workers. Values only, no framework."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from shared import keys, tenants
from shared.tracing.context import TraceContext

AnswerKind = Literal["answer", "clarify", "smalltalk", "recall", "handover", "fallback"]
ToneLabel = Literal["positive", "neutral", "negative", "unknown"]
JobState = Literal["queued", "started", "done", "failed", "cancelled", "expired"]
Variant = Literal["bert", "tfidf"]
Encoder = Literal["small", "large", "none"]
Words = Literal["entry", "model", "both"]
RefusalReason = Literal[
    "number", "amount", "date", "time", "name", "address", "link", "promise", "command", "claim"
]


@dataclass(frozen=True, slots=True)
class FollowUps:
    """What a Celery client wants to follow its task's end, as Celery's canvas writes it.

    Callbacks, errbacks, the rest of a chain and the body of a chord are signatures; the others say
    to whom the task belongs.
    """

    callbacks: Sequence[Any] = ()
    errbacks: Sequence[Any] = ()
    chain: Sequence[Any] = ()
    chord: Mapping[str, Any] | None = None
    group: str | None = None
    group_index: int | None = None
    root_id: str | None = None


@dataclass(frozen=True, slots=True)
class Translation:
    """What a language model made of a message: its language (ISO 639), and its text in English."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class ChatJob:
    """One message that a person sent, accepted for an answer.

    Times are Unix seconds. `gateway` names the gateway process that waits for the reply, if one
    does. `external`: a Celery client sent it, so that no gateway has queued its tone task.
    `first_look` is what the small encoder left for a second look, once one was asked for; `draft`
    is the whole result in the entries' own words, once it was handed over to be put into a model's.
    `translation` is what the message says in English, if it was written in another language and a
    model knows it. It is not run before `due_at`. `trace` is what its spans belong to.
    """

    id: str
    message: str
    conversation_id: str
    accepted_at: float
    user_id: str | None = None
    expires_at: float | None = None
    gateway: str | None = None
    external: bool = False
    first_look: str | None = None
    draft: str | None = None
    translation: Translation | None = None
    due_at: float | None = None
    follow_ups: FollowUps | None = None
    trace: TraceContext | None = None

    @property
    def task_id(self) -> str:
        """Return the id of its Celery task, which is the job's own."""
        return self.id

    def traced(self, trace: TraceContext) -> Self:
        """Return the job as part of a trace."""
        return replace(self, trace=trace)

    @property
    def task(self) -> str:
        """Return the name of its Celery task."""
        return keys.INFER_TASK

    @property
    def read_text(self) -> str:
        """Return the text that is to be understood."""
        return self.translation.text if self.translation else self.message

    @property
    def tenant(self) -> str:
        """Return the tenant in whose name the person wrote."""
        return tenants.tenant_of(self.conversation_id)


@dataclass(frozen=True, slots=True)
class EmbedJob(ChatJob):
    """A job on the queue of chat jobs that asks for the vectors of texts in place of a reply.

    It belongs to no conversation: it has one of its own, and leaves nothing there.
    """

    texts: tuple[str, ...] = ()

    @property
    def task(self) -> str:
        """Return the name of its Celery task."""
        return keys.EMBED_TASK


@dataclass(frozen=True, slots=True)
class EarlyVector:
    """What the tone encoder of a built model would make of a message, found in advance.

    `model` is that model's digest; `halves` are the elements as little-endian float16.
    """

    model: str
    halves: bytes


@dataclass(frozen=True, slots=True)
class ToneJob:
    """A tone task: the job whose tone is wanted, and its message. Times are Unix seconds.

    `wants_result`: a Celery client sent it, who may wait for the tone itself. `accepted_at` is None
    if its message does not say when it was accepted. `trace` is what its spans belong to. `early`
    came with it if an inference worker has read the message already.
    """

    job_id: str
    task_id: str
    message: str
    expires_at: float | None = None
    wants_result: bool = False
    accepted_at: float | None = None
    trace: TraceContext | None = None
    early: EarlyVector | None = None

    @property
    def task(self) -> str:
        """Return the name of its Celery task."""
        return keys.TONE_TASK

    def traced(self, trace: TraceContext) -> Self:
        """Return the task as part of a trace."""
        return replace(self, trace=trace)


@dataclass(frozen=True, slots=True)
class Tone:
    """How a message sounds: a label, its probability, and finer emotions (name → 0–1)."""

    label: ToneLabel
    score: float
    emotions: Mapping[str, float] = field(default_factory=dict)


UNKNOWN_TONE = Tone("unknown", 0.0)


@dataclass(frozen=True, slots=True)
class Alternative:
    """A further entry that may be meant."""

    id: str
    question: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found in the knowledge base.

    `id` names the best entry whatever the kind (None only for an empty base); `confidence` is the
    calibrated probability (0–1) that this entry serves.
    """

    kind: AnswerKind
    id: str | None
    confidence: float
    alternatives: tuple[Alternative, ...] = ()
    reask_score: float | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time went, in milliseconds: on the queue, prepared, engine, composed, in all."""

    queue_ms: float
    prepare_ms: float
    engine_ms: float
    compose_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class Reply:
    """The object that `POST /chat` answers and that `AsyncResult.get()` returns.

    `encoder` is the one whose word this is, none for the TF-IDF variant; `engine` is what ran it.
    `knowledge_revision` names the state of the knowledge base that answered; None: an older
    worker's reply. `words` says whose they are: those of the knowledge base, a language model's, or
    a model's as far as it went.
    """

    response: str
    job_id: str
    conversation_id: str
    tone: Tone
    answer: Answer
    timings: Timings
    engine: str
    truncated: bool = False
    encoder: Encoder = "small"
    variant: Variant = "bert"
    knowledge_revision: str | None = None
    words: Words = "entry"


@dataclass(frozen=True, slots=True)
class Turn:
    """One line of a conversation; `at` is Unix seconds.

    `by` names the person who wrote it in place of Parley; its `job_id` is then the handover's.
    """

    role: Literal["user", "assistant"]
    text: str
    job_id: str
    at: float
    by: str | None = None

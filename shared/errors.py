"""The errors Parley raises on purpose, each with a sentence for the person who meets it.

ParleyError
├── SettingsError          a setting is missing or out of range; the process stops
├── ModelError             weights or a built model are missing, unknown or damaged
├── EngineError            an engine could not warm up or run a batch
├── ModelUnavailable       a language model did not begin a reply, or did not end it; carries why
│   └── ModelBusy          its server may begin one if it is asked again
├── KnowledgeError         a knowledge base file is faulty (names file, line and fault)
├── MalformedMessage       what lies on the queue is not a task Parley knows
├── StackError             the local stack cannot start (port taken, disk full, part missing)
├── BenchError             a benchmark's system, messages or load generator failed
│   └── PeerUnavailable    a system to compare with cannot be installed here
├── EvaluationError        what is to be evaluated cannot be read, or cannot be scored
├── QueueUnavailable       Redis is not reachable or refuses to work
│   ├── UnsuitableRedis    it is one that cannot serve: too old, a cluster's node, a replica
│   │   └── ProtocolMismatch   its data is of a version that this Parley must not touch
│   └── QueueRefuses       Redis answers and refuses; carries the name of its fault
│       └── QueueOutOfRoom     it cannot write: its memory or its disk is used up
├── ScriptError            a Lua script includes a library that is missing, or itself
├── GatewayUnavailable     no gateway answers a terminal's call, or it refuses
│   ├── GatewayRefuses     it answers and refuses; carries the response's status
│   └── GatewayBusy        it has no answer yet, or refuses for now
├── CommandMisused         an option or argument of a command has a value that is not taken
├── NotFound               what a command names does not exist, or is no longer kept
├── AlreadyThere           what a command would write exists already
├── InvalidRequest         an HTTP request is refused; names the field and its fault
├── UnsupportedCoding      an HTTP request's body has a coding that is not taken
├── BodyTooSlow            an HTTP request's body did not come in time
├── ClientGone             the client that waited for a reply has closed the connection
├── Unauthenticated        no API key was sent where one is asked for, or a wrong one
├── ScopeMissing           an API key does not allow what is asked
├── UnknownHandover        there is no such handover, or it is no longer kept
├── HandoverConflict       a handover is not in the state that a call needs; carries it
├── DeliveryFailed         the webhook did not take an event
├── StreamsFull            the gateway serves as many event streams as it may
├── KeyReused              an idempotency key was accepted before with another request
└── AdmissionRefused       the queue is full; carries an honest `retry_after_seconds`
    ├── ConversationBusy   too many messages of one conversation wait already
    └── RateLimited        a key or an address has sent too many requests
"""


class ParleyError(Exception):
    """Root of every error that Parley raises on purpose."""


class SettingsError(ParleyError):
    """Name a setting that is missing or out of range."""


class ModelError(ParleyError):
    """Say why weights or a built model cannot be used."""


class WorkerStopped(ParleyError):
    """Say that long work was left because the worker stops."""


class EngineError(ParleyError):
    """Say why an engine could not warm up or run a batch."""


class ModelUnavailable(ParleyError):
    """Say why a language model did not begin a reply, or did not end it.

    `reason` is one of a few words, for counters: workers/voice/model_faults.py lists them.
    """

    def __init__(self, message: str, reason: str = "broken") -> None:
        super().__init__(message)
        self.reason = reason


class ModelBusy(ModelUnavailable):
    """Say that a language model's server may begin a reply if it is asked again."""

    def __init__(
        self, message: str, reason: str = "busy", retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, reason)
        self.retry_after_seconds = retry_after_seconds


class KnowledgeError(ParleyError):
    """Name the file, the line and the fault of a knowledge base."""


class MalformedMessage(ParleyError):
    """Say why a message on the queue is not a task that Parley knows."""


class StackError(ParleyError):
    """Say why the local stack cannot start."""


class BenchError(ParleyError):
    """Say what kept the benchmark from measuring."""


class PeerUnavailable(BenchError):
    """Say why a system that others make cannot be measured here."""


class EvaluationError(ParleyError):
    """Name the file, line and fault of a labelled set, or say why it cannot be scored."""


class QueueUnavailable(ParleyError):
    """Say that Redis is not reachable or refuses to work."""


class QueueRefuses(QueueUnavailable):
    """Say that Redis answers and refuses; `code` is the name of its fault, as READONLY."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class QueueOutOfRoom(QueueRefuses):
    """Say that Redis answers and cannot write."""


class UnsuitableRedis(QueueUnavailable):
    """Say why a Redis that answers cannot serve, and what to do."""


class ProtocolMismatch(UnsuitableRedis):
    """Say of which version the data in Redis is, and what to do."""


class ScriptError(ParleyError):
    """Name the Lua script that includes a missing library, or itself."""


class GatewayUnavailable(ParleyError):
    """Say why a running gateway gave a terminal no answer."""


class GatewayRefuses(GatewayUnavailable):
    """Say why a gateway refuses a call; `status` is the response's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class GatewayBusy(GatewayUnavailable):
    """Say that a gateway has no answer yet, or refuses for now."""


class CommandMisused(ParleyError):
    """Name an option or argument of a command and what it takes."""


class NotFound(ParleyError):
    """Say that what a command names does not exist."""


class AlreadyThere(ParleyError):
    """Say that what a command would write exists already."""


class InvalidRequest(ParleyError):
    """Say what is wrong with a request; `field` is None if it is the body as a whole."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class UnsupportedCoding(ParleyError):
    """Name the coding of a body that cannot be inflated."""


class BodyTooSlow(ParleyError):
    """Say that a request's body did not come in time."""


class ClientGone(ParleyError):
    """Say that the client has closed the connection."""


class Unauthenticated(ParleyError):
    """Say that no API key was sent, or (`is_wrong`) one that is not good."""

    def __init__(self, message: str, *, is_wrong: bool = False) -> None:
        super().__init__(message)
        self.is_wrong = is_wrong


class ForeignHost(ParleyError):
    """A request without a key names a host that may be any web page's."""


class ScopeMissing(ParleyError):
    """Say what an API key does not allow; `scopes` would, or nothing does."""

    def __init__(self, message: str, scopes: str) -> None:
        super().__init__(message)
        self.scopes = scopes


class UnknownHandover(ParleyError):
    """Say that there is no such handover."""


class HandoverConflict(ParleyError):
    """Say what keeps a handover from being changed; `state` and `claimed_by` are its own."""

    def __init__(self, message: str, state: str, claimed_by: str | None) -> None:
        super().__init__(message)
        self.state = state
        self.claimed_by = claimed_by


class DraftsFull(ParleyError):
    """Say that no further draft is kept until some are written into files."""


class DeliveryFailed(ParleyError):
    """Say why the webhook did not take an event."""


class StreamsFull(ParleyError):
    """Refuse one more event stream."""


class KeyReused(ParleyError):
    """Say that an idempotency key was accepted before with another request."""


class AdmissionRefused(ParleyError):
    """Refuse a message because the queue is full."""

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ConversationBusy(AdmissionRefused):
    """Refuse a message because too many of its conversation are waiting."""


class RateLimited(AdmissionRefused):
    """Refuse a request because its key or its address has sent too many."""

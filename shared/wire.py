"""The bytes on the queue: Celery's message protocol 2 as kombu lays it into Redis, JSON only.

Source of the format: Celery's "Message Protocol" page and kombu's virtual transport. Parley writes
it directly because `send_task` costs twenty times as much (docs/performance.md).
"""

import base64
import binascii
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from shared import keys, tenants
from shared.errors import MalformedMessage
from shared.identifiers import IDENTIFIER_FORM, is_identifier, is_scoped_identifier
from shared.jobs import ChatJob, ToneJob

MAX_MESSAGE_CHARACTERS = 4_000
MAX_BODY_BYTES = 64 * 1024
GATEWAY_ID = re.compile(r"[A-Za-z0-9_.:@-]{1,128}\Z")

FIRST_LOOK = "parley_first_look"  # the header of a message that was handed over
_END_OF_TIME = 1e11  # Unix seconds

_EMBED: Mapping[str, None] = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


@dataclass(frozen=True, slots=True)
class TaskMessage:
    """A task as it lay on the queue: decoded, not yet judged."""

    id: str
    task: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    headers: Mapping[str, Any]
    expires_at: float | None


class _Headers(msgspec.Struct):
    """The headers Parley reads; every other one is kept by `_RawEnvelope.headers` alone."""

    id: str
    task: str
    expires: str | None = None
    eta: str | None = None


class _Envelope(msgspec.Struct):
    body: str
    headers: dict[str, Any]
    properties: dict[str, Any] = {}
    content_type: str = msgspec.field(name="content-type", default="application/json")


_envelope_decoder = msgspec.json.Decoder(_Envelope)
_body_decoder = msgspec.json.Decoder(tuple[list[Any], dict[str, Any], Any])
_encoder = msgspec.json.Encoder()


def new_job_id() -> str:
    """Return a job id; Celery's own form, so that stock tools show it well."""
    return str(uuid.uuid4())


def encode_infer(job: ChatJob) -> bytes:
    """Return the `chat.infer` task of a job that a gateway accepted."""
    argument = {
        "message": job.message,
        "conversation_id": job.conversation_id,
        "user_id": job.user_id,
    }
    headers = {
        "expires": _iso(job.expires_at),
        "parley_accepted_at": job.accepted_at,
        "parley_gateway": job.gateway,
    }
    return _encode(job.id, keys.INFER_TASK, keys.INFERENCE, argument, headers)


def encode_tone(job: ChatJob) -> bytes:
    """Return the `chat.tone` task that accompanies a job; its own id, the job's id inside."""
    argument = {"job_id": job.id, "message": job.message}
    headers = {"expires": _iso(job.expires_at), "ignore_result": True}
    return _encode(tone_task_id(job.id), keys.TONE_TASK, keys.SENTIMENT, argument, headers)


def tone_task_id(job_id: str) -> str:
    """Return the id of the tone task that belongs to a job."""
    return tenants.scope(tenants.tenant_of(job_id), f"tone-{tenants.local(job_id)}")


def decode(raw: bytes) -> TaskMessage:
    """Decode one message; raise MalformedMessage with the fault, never anything else."""
    try:
        return _decode(raw)
    except MalformedMessage:
        raise
    except (msgspec.DecodeError, binascii.Error, UnicodeError, ValueError) as fault:
        raise MalformedMessage(f"not a Celery task in JSON: {fault}") from fault
    except RecursionError as fault:
        raise MalformedMessage("not a Celery task in JSON: nested too deeply") from fault


def peek_id(raw: bytes) -> str | None:
    """Return the task id of a message whose body may be faulty, or None when it has none."""
    try:
        task_id = _envelope_decoder.decode(raw).headers.get("id")
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    known = isinstance(task_id, str) and is_scoped_identifier(task_id)
    return task_id if known else None


def decode_job(task: TaskMessage, received_at: float) -> ChatJob:
    """Read a `chat.infer` task, from a gateway or any Celery client; raise MalformedMessage."""
    argument = _single_argument(task, keys.INFER_TASK)
    message = _text(argument, "message")
    tenant = _tenant(argument)
    conversation_id = _identifier(argument, "conversation_id", tenant) or tenants.scope(
        tenant, task.id
    )
    accepted_at = task.headers.get("parley_accepted_at")
    gateway = task.headers.get("parley_gateway")
    first_look = task.headers.get(FIRST_LOOK)
    return ChatJob(
        id=task.id,
        message=message,
        conversation_id=conversation_id,
        user_id=_identifier(argument, "user_id", tenant),
        accepted_at=_plausible(accepted_at, received_at),
        expires_at=task.expires_at,
        gateway=gateway if isinstance(gateway, str) and GATEWAY_ID.match(gateway) else None,
        external=not isinstance(accepted_at, float),
        first_look=first_look if isinstance(first_look, str) else None,
    )


def decode_tone(task: TaskMessage) -> ToneJob:
    """Read a `chat.tone` task; raise MalformedMessage."""
    argument = _single_argument(task, keys.TONE_TASK)
    job_id = _identifier(argument, "job_id")
    if job_id is None:
        raise MalformedMessage("chat.tone needs a job_id")
    return ToneJob(job_id, task.id, _text(argument, "message"), task.expires_at)


def read_chat_job(raw: bytes, received_at: float) -> ChatJob:
    """Decode a whole `chat.infer` message; raise MalformedMessage. Times are Unix seconds."""
    return decode_job(decode(raw), received_at)


def read_second_look(raw: bytes, received_at: float) -> ChatJob:
    """Decode a `chat.infer` message that was handed over; MalformedMessage without a first look."""
    job = read_chat_job(raw, received_at)
    if job.first_look is None:
        raise MalformedMessage(f"no first look: {keys.INFER_TASK} goes to {keys.INFERENCE}")
    return job


def with_first_look(raw: bytes, job: ChatJob, first_look: str) -> bytes | None:
    """Add a first look to a job's message, and when it was accepted; None if it gets too long."""
    envelope: dict[str, Any] = msgspec.json.decode(raw)
    added = {FIRST_LOOK: first_look, "parley_accepted_at": job.accepted_at}
    longer = _encoder.encode(envelope | {"headers": envelope["headers"] | added})
    return longer if len(longer) <= MAX_BODY_BYTES else None


def read_tone_job(raw: bytes, _received_at: float) -> ToneJob:
    """Decode a whole `chat.tone` message; raise MalformedMessage."""
    return decode_tone(decode(raw))


def _encode(
    task_id: str,
    task: str,
    queue: str,
    argument: Mapping[str, Any],
    headers: Mapping[str, Any],
) -> bytes:
    body = base64.b64encode(_encoder.encode(([argument], {}, _EMBED))).decode()
    envelope = {
        "body": body,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": task,
            "id": task_id,
            "root_id": task_id,
            "parent_id": None,
            "group": None,
            "eta": None,
            "retries": 0,
            "timelimit": [None, None],
            "argsrepr": "('…',)",
            "kwargsrepr": "{}",
            "origin": "parley",
            **headers,
        },
        "properties": {
            "correlation_id": task_id,
            "reply_to": "",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": task_id,
        },
    }
    return _encoder.encode(envelope)


def _decode(raw: bytes) -> TaskMessage:
    if len(raw) > MAX_BODY_BYTES:
        raise MalformedMessage(f"{len(raw)} bytes; at most {MAX_BODY_BYTES} are taken")
    envelope = _envelope_decoder.decode(raw)
    headers = msgspec.convert(envelope.headers, _Headers)
    if not is_identifier(tenants.unscoped(headers.id)):
        raise MalformedMessage(f"the task id is not {IDENTIFIER_FORM}")
    if envelope.content_type != "application/json":
        raise MalformedMessage(f"content type {envelope.content_type[:80]!r}; only JSON is taken")
    if headers.eta is not None:
        raise MalformedMessage("eta and countdown are not supported: chat is answered at once")
    body = envelope.body
    if envelope.properties.get("body_encoding") == "base64":
        body = base64.b64decode(body, validate=True).decode()
    args, kwargs, _ = _body_decoder.decode(body)
    return TaskMessage(
        headers.id, headers.task, args, kwargs, envelope.headers, _seconds(headers.expires)
    )


def _single_argument(task: TaskMessage, name: str) -> Mapping[str, Any]:
    if task.task != name:
        raise MalformedMessage(f"task {task.task[:80]!r} on the queue of {name}")
    if len(task.args) != 1 or task.kwargs or not isinstance(task.args[0], dict):
        raise MalformedMessage(f"{name} takes one argument, an object")
    return task.args[0]


def _text(argument: Mapping[str, Any], name: str) -> str:
    value = argument.get(name)
    if not isinstance(value, str) or not value.strip():
        raise MalformedMessage(f"{name} must be a text that is not empty")
    if len(value) > MAX_MESSAGE_CHARACTERS:
        raise MalformedMessage(f"{name} has over {MAX_MESSAGE_CHARACTERS} characters")
    return value


def _identifier(
    argument: Mapping[str, Any], name: str, tenant: str = tenants.DEFAULT_TENANT
) -> str | None:
    """Return an id as it stands inside: a client's own in a tenant's scope, or one in a scope."""
    value = argument.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    inside = tenants.scope(tenant, value) if isinstance(value, str) else value
    if not isinstance(inside, str) or not is_identifier(tenants.unscoped(inside)):
        raise MalformedMessage(f"{name} must be {IDENTIFIER_FORM}")
    return inside


def _tenant(argument: Mapping[str, Any]) -> str:
    """Return the tenant that a Celery client writes for; a gateway's ids have theirs in them."""
    tenant = argument.get("tenant")
    if tenant is None:
        return tenants.DEFAULT_TENANT
    if not isinstance(tenant, str) or not tenants.is_tenant_name(tenant):
        raise MalformedMessage("tenant must be 1-63 lower-case letters, digits or -")
    return tenant


def _plausible(accepted_at: object, received_at: float) -> float:
    # Anybody can write the header; no time has so many digits, and infinity is a number in JSON.
    if isinstance(accepted_at, float) and 0 <= accepted_at < _END_OF_TIME:
        return accepted_at
    return received_at


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def _seconds(iso: str | None) -> float | None:
    if iso is None:
        return None
    moment = datetime.fromisoformat(iso)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC).timestamp()
    try:
        return moment.astimezone(UTC).timestamp()
    except OverflowError as fault:  # what has no date in UTC could not be written again
        raise ValueError(f"{iso} is beyond the calendar in UTC") from fault

"""A task as it lies on the queue: Celery's message protocols 1 and 2, as kombu lays them there.

Source of the format: Celery's "Message Protocol" page, kombu's virtual transport, and what clients
in other languages write.
"""

import binascii
import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from shared import task_body
from shared.errors import MalformedMessage
from shared.identifiers import IDENTIFIER_FORM, is_scoped_identifier
from shared.mended_json import JSON_FAULTS, decode_mended, mend
from shared.task_body import MAX_BODY_BYTES

_MAX_PEEKED_BYTES = 64 * MAX_BODY_BYTES  # of which body and embed are read
_JSON = "application/json"
_PLAIN = (None, "utf-8", "binary")
_LAST_DECODED = 2
_MAX_ID_BITS = 840  # 253 digits
END_OF_TIME = 1e11  # Unix seconds; a client may have written any
_V1_PARTS = frozenset(("args", "kwargs", "callbacks", "errbacks", "chord"))
_UNREADABLE = (
    msgspec.DecodeError,
    binascii.Error,
    UnicodeError,
    ValueError,
    TypeError,
    RecursionError,
    MalformedMessage,
)


@dataclass(frozen=True, slots=True)
class TaskMessage:
    """A task as it lay on the queue: decoded, not yet judged. Times are Unix seconds.

    `embed` has what shall follow its end: callbacks, errbacks, chain and chord. A task is not run
    before `due_at`.
    """

    id: str
    task: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    headers: Mapping[str, Any]
    expires_at: float | None
    due_at: float | None = None
    embed: Mapping[str, Any] = field(default_factory=dict)


class _Envelope(msgspec.Struct):
    body: str
    headers: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    content_type: str | None = msgspec.field(name="content-type", default=None)
    content_encoding: str | None = msgspec.field(name="content-encoding", default=None)


class _Heads(msgspec.Struct):
    """What is read of a message however long its body is."""

    headers: Any = None
    properties: Any = None


class _Parts(NamedTuple):
    headers: Mapping[str, Any]
    args: Any
    kwargs: Any
    embed: Any


_envelope_decoder = msgspec.json.Decoder(_Envelope)
_heads_decoder = msgspec.json.Decoder(_Heads)
_body_decoder = msgspec.json.Decoder(tuple[list[Any], dict[str, Any], Any])


@lru_cache(maxsize=_LAST_DECODED)
def decode(raw: bytes) -> TaskMessage:
    """Decode one message; raise MalformedMessage with the fault, never anything else.

    The message that wakes a worker is decoded twice in a row: for its claim, and once it is leased.
    """
    if len(raw) > MAX_BODY_BYTES:
        raise MalformedMessage(f"{len(raw)} bytes; at most {MAX_BODY_BYTES} are taken")
    try:
        return _task_of(_read_parts(_read_envelope(raw)))
    except MalformedMessage:
        raise
    except RecursionError as fault:
        raise MalformedMessage("not a Celery task: nested too deeply") from fault
    except _UNREADABLE as fault:
        raise MalformedMessage(f"not a Celery task: {fault}") from fault


def peek_id(raw: bytes) -> str | None:
    """Return the id under which a client waits for a message, faulty or not; None if none can."""
    heads = _peek_heads(raw)
    headers, properties = _mapping(heads.headers), _mapping(heads.properties)
    written = headers.get("id")
    if written is None:
        written = _peek_parts(raw).headers.get("id", properties.get("correlation_id"))
    task_id = text_of_id(written)
    return task_id if task_id and _is_encodable(task_id) else None


def peek_headers(raw: bytes) -> Mapping[str, Any]:
    """Return the headers of a message, faulty or not, as far as they are read."""
    return _mapping(_peek_heads(raw).headers)


def peek_embed(raw: bytes) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return headers and embed of a message that is faulty otherwise, as far as they are read."""
    parts = _peek_parts(raw)
    return parts.headers, _mapping(parts.embed)


def peek_arguments(raw: bytes) -> bytes:
    """Return the arguments of a message as JSON, as far as they are read."""
    parts = _peek_parts(raw)
    try:
        return msgspec.json.encode([parts.args, parts.kwargs])
    except _UNREADABLE:  # of MessagePack or YAML, and with no form in JSON
        return b""


def text_of_id(value: object) -> str | None:
    """Return an id as text: of an integer its digits, of kombu's UUIDs what they stand for."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value.bit_length() <= _MAX_ID_BITS else None
    if isinstance(value, dict) and value.get("__type__") == "uuid":
        written = value.get("__value__")
        try:
            return str(uuid.UUID(_mapping(written).get("hex") or str(written)))
        except (ValueError, TypeError, AttributeError):
            return None
    return None


def _task_of(parts: _Parts) -> TaskMessage:
    headers, task = parts.headers, parts.headers.get("task")
    task_id = headers.get("id")
    if not isinstance(task_id, str):
        task_id = text_of_id(task_id)
    if task_id is None or not isinstance(task, str):
        raise MalformedMessage("not a Celery task: it has no id or no name")
    if not is_scoped_identifier(task_id):
        raise MalformedMessage(f"the task id is not {IDENTIFIER_FORM}")
    return TaskMessage(
        task_id,
        task,
        parts.args if isinstance(parts.args, list) else _list(parts.args),
        parts.kwargs if isinstance(parts.kwargs, dict) else _arguments(parts.kwargs),
        headers,
        _seconds(headers.get("expires"), "expires"),
        None if (eta := headers.get("eta")) is None else _seconds(eta, "eta"),
        _mapping(parts.embed),
    )


def _read_parts(envelope: _Envelope, max_bytes: int = MAX_BODY_BYTES) -> _Parts:
    headers = envelope.headers or {}
    content = task_body.unpack(
        envelope.body, envelope.properties and envelope.properties.get("body_encoding")
    )
    if compression := headers.get("compression"):
        content = task_body.inflate(content, str(compression), max_bytes)
    content_type = envelope.content_type or _JSON
    if content_type == _JSON and envelope.content_encoding in _PLAIN and "task" in headers:
        try:
            return _Parts(headers, *decode_mended(_body_decoder.decode, content))
        except msgspec.ValidationError:
            pass  # readable, and of another form
    body = task_body.read(content, content_type, envelope.content_encoding or "")
    return _parts_of(body, headers)


def _parts_of(body: Any, headers: Mapping[str, Any]) -> _Parts:
    """Tell the protocols apart by the body: 2 has a list, 1 an object with all that is known."""
    if isinstance(body, (list, tuple)) and len(body) in (2, 3):
        return _Parts(headers, body[0], body[1], body[2] if len(body) == 3 else {})
    if not isinstance(body, dict):
        raise MalformedMessage("the body is neither of Celery's protocol 1 nor of 2")
    known = {name: value for name, value in body.items() if name not in _V1_PARTS}
    group = body.get("taskset") or body.get("group")
    return _Parts({**known, "group": group, **headers}, body.get("args"), body.get("kwargs"), body)


def _read_envelope(raw: bytes) -> _Envelope:
    """Read the envelope; what only Python's JSON has, such as NaN, may stand in its headers."""
    try:
        return _envelope_decoder.decode(raw)
    except JSON_FAULTS:
        return msgspec.convert(_read_python_json(raw), _Envelope)


def _peek_heads(raw: bytes) -> _Heads:
    try:
        return _heads_decoder.decode(raw)
    except JSON_FAULTS:
        with suppress(*_UNREADABLE):
            return msgspec.convert(_read_python_json(raw), _Heads)
    return _Heads()


def _read_python_json(raw: bytes) -> Any:
    return json.loads(mend(raw).decode(errors="replace"))


def _peek_parts(raw: bytes) -> _Parts:
    if len(raw) <= _MAX_PEEKED_BYTES:
        with suppress(*_UNREADABLE):
            return _read_parts(_read_envelope(raw), _MAX_PEEKED_BYTES)
    return _Parts(_mapping(_peek_heads(raw).headers), [], {}, {})


def _is_encodable(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeError:  # half a surrogate pair: no key in Redis has such a name
        return False


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[Any]:
    if value is None:
        return []
    if not isinstance(value, (list, tuple)):
        raise MalformedMessage("args must be a list")
    return value


def _arguments(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedMessage("kwargs must be an object")
    return value


def _seconds(value: object, name: str) -> float | None:
    """Return a time of a header as Unix seconds; one without a zone is in UTC."""
    if value is None or value == "":
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _plausible(value, name)
    if not isinstance(value, str):
        raise MalformedMessage(f"{name} must be a time as ISO 8601 has it")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC).timestamp()
    try:
        return moment.astimezone(UTC).timestamp()
    except OverflowError as fault:  # what has no date in UTC could not be written again
        raise ValueError(f"{value} is beyond the calendar in UTC") from fault


def _plausible(seconds: float, name: str) -> float:
    if 0 <= seconds < END_OF_TIME:
        return float(seconds)
    raise MalformedMessage(f"{name} is no time")

"""A task as it lies on the queue: Celery's message protocols 1 and 2, as kombu lays them there.

Source of the format: Celery's "Message Protocol" page, kombu's virtual transport, and what clients
in other languages write.
"""

import binascii
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from shared import task_body
from shared.errors import MalformedMessage
from shared.identifiers import IDENTIFIER_FORM, is_scoped_identifier
from shared.mended_json import JSON_FAULTS, decode_mended, mend
from shared.task_body import MAX_BODY_BYTES
from shared.task_fields import args_of, kwargs_of, mapping_of, text_of_id, time_of

_MAX_PEEKED_BYTES = 64 * MAX_BODY_BYTES  # of which body and embed are read
_JSON = "application/json"
_PLAIN = (None, "utf-8", "binary")
_LAST_DECODED = 2
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
    headers, properties = mapping_of(heads.headers), mapping_of(heads.properties)
    written = headers.get("id")
    if written is None:
        written = _peek_parts(raw).headers.get("id", properties.get("correlation_id"))
    task_id = text_of_id(written)
    return task_id if task_id and _is_encodable(task_id) else None


def peek_headers(raw: bytes) -> Mapping[str, Any]:
    """Return the headers of a message, faulty or not, as far as they are read."""
    return mapping_of(_peek_heads(raw).headers)


def peek_embed(raw: bytes) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return headers and embed of a message that is faulty otherwise, as far as they are read."""
    parts = _peek_parts(raw)
    return parts.headers, mapping_of(parts.embed)


def peek_arguments(raw: bytes) -> bytes:
    """Return the arguments of a message as JSON, as far as they are read."""
    parts = _peek_parts(raw)
    try:
        return msgspec.json.encode([parts.args, parts.kwargs])
    except _UNREADABLE:  # of MessagePack or YAML, and with no form in JSON
        return b""


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
        parts.args if isinstance(parts.args, list) else args_of(parts.args),
        parts.kwargs if isinstance(parts.kwargs, dict) else kwargs_of(parts.kwargs),
        headers,
        time_of(headers.get("expires"), "expires"),
        None if (eta := headers.get("eta")) is None else time_of(eta, "eta"),
        mapping_of(parts.embed),
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
    return _Parts(mapping_of(_peek_heads(raw).headers), [], {}, {})


def _is_encodable(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeError:  # half a surrogate pair: no key in Redis has such a name
        return False

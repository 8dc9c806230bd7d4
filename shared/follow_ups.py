"""What follows the end of a task that a Celery client sent, from its message to its sending."""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from shared.jobs import FollowUps, JobState
from shared.task_message import peek_embed, peek_id
from shared.tracing.context import TraceContext


@dataclass(frozen=True, slots=True)
class EndedTask:
    """A task that ended, and what is to follow; `result` is JSON, as Celery's result has it.

    What follows belongs to its `trace`.
    """

    id: str
    state: JobState
    at: float
    result: msgspec.Raw
    follow_ups: FollowUps
    trace: TraceContext | None = None


# What the ids of callbacks are made from, with a task's id and a callback's place.
_CALLBACKS = uuid.UUID("7d0f9a3e-0f0c-5c8e-9f63-5a7f3b0c2d11")
_COMPOSITES = ("celery.chain", "celery.chord", "celery.group")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(EndedTask).decode


def read_follow_ups(
    task_id: str, headers: Mapping[str, Any], embed: Mapping[str, Any]
) -> FollowUps | None:
    """Return what a message wants to follow, None for nothing.

    A callback without an id gets one that is always the same, so that it is known before it is
    sent, and sent twice is known as one.
    """
    chord = embed.get("chord")
    found = FollowUps(
        callbacks=[
            _with_id(each, f"{task_id}/{index}")
            for index, each in enumerate(_signatures(embed.get("callbacks")))
        ],
        errbacks=_signatures(embed.get("errbacks")),
        chain=_signatures(embed.get("chain")),
        chord=chord if isinstance(chord, dict) else None,
        group=_text(headers.get("group")),
        group_index=_integer(headers.get("group_index")),
        root_id=_text(headers.get("root_id")),
    )
    wanted = found.callbacks or found.errbacks or found.chain or found.chord
    return found if wanted else None


def children_of(wanted: FollowUps) -> list[Any]:
    """Return the tasks that follow a success, as a result of Celery names its children.

    Of a callback that is a chain or a chord of its own nothing is known before it is sent.
    """
    following = [*wanted.callbacks, *wanted.chain[-1:]]
    return [child for child in map(_child, following) if child is not None]


def encode_ended(ended: EndedTask) -> bytes:
    """Return what is written down until the follow-ups are sent."""
    return _encode(ended)


def peek_ended(raw: bytes, state: JobState, at: float, result: bytes) -> bytes:
    """Return the same for a message that could not be read, empty if nothing is to follow."""
    headers, embed = peek_embed(raw)
    task_id = peek_id(raw)
    follow_ups = None if task_id is None else read_follow_ups(task_id, headers, embed)
    if task_id is None or follow_ups is None:
        return b""
    return encode_ended(EndedTask(task_id, state, at, msgspec.Raw(result), follow_ups))


def decode_ended(written: bytes) -> EndedTask:
    """Read what `encode_ended` wrote; raise msgspec.DecodeError."""
    return _decode(written)


def with_other_result(
    written: bytes, task_ids: Collection[str], result: msgspec.Raw
) -> bytes | None:
    """Return a task as it is written, cancelled with this result; None unless it is one of these.

    The sender believes the result that is stored for the task; this one is for its absence.
    """
    try:
        ended = decode_ended(written)
    except msgspec.DecodeError:
        return None
    if ended.id not in task_ids or ended.result == result:
        return None
    return encode_ended(replace(ended, state="cancelled", result=result))


def _signatures(value: object) -> Sequence[Any]:
    if not value:
        return ()
    return value if isinstance(value, (list, tuple)) else [value]


def _with_id(signature: Any, name: str) -> Any:
    if not isinstance(signature, dict) or signature.get("task") in _COMPOSITES:
        return signature
    options = signature.get("options") or {}
    if not isinstance(options, dict) or options.get("task_id"):
        return signature
    return {**signature, "options": {**options, "task_id": str(uuid.uuid5(_CALLBACKS, name))}}


def _child(signature: Any) -> Any:
    """Return a signature's result in the form of Celery's `as_tuple`; None if it has no id."""
    if _at(signature, "task") == "celery.chord":
        return _child(_at(signature, "kwargs", "body"))
    task_id = _at(signature, "options", "task_id")
    members = list(_members(signature)) if _at(signature, "task") == "celery.group" else None
    is_known = isinstance(task_id, str) and _at(signature, "task") != "celery.chain"
    return [[task_id, None], members] if is_known and None not in (members or ()) else None


def _members(group: Any) -> Iterator[Any]:
    tasks = _at(group, "kwargs", "tasks")
    return map(_child, tasks if isinstance(tasks, list) else ())


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

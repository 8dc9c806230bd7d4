"""What follows the end of a task that a Celery client sent, from its message to its sending."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from shared.jobs import FollowUps, JobState
from shared.task_message import peek_embed, peek_id


@dataclass(frozen=True, slots=True)
class EndedTask:
    """A task that ended, and what is to follow; `result` is JSON, as Celery's result has it."""

    id: str
    state: JobState
    at: float
    result: msgspec.Raw
    follow_ups: FollowUps


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(EndedTask).decode


def read_follow_ups(headers: Mapping[str, Any], embed: Mapping[str, Any]) -> FollowUps | None:
    """Return what a message wants to follow, None for nothing."""
    chord = embed.get("chord")
    found = FollowUps(
        callbacks=_signatures(embed.get("callbacks")),
        errbacks=_signatures(embed.get("errbacks")),
        chain=_signatures(embed.get("chain")),
        chord=chord if isinstance(chord, dict) else None,
        group=_text(headers.get("group")),
        group_index=_integer(headers.get("group_index")),
        root_id=_text(headers.get("root_id")),
    )
    wanted = found.callbacks or found.errbacks or found.chain or found.chord
    return found if wanted else None


def encode_ended(ended: EndedTask) -> bytes:
    """Return what is written down until the follow-ups are sent."""
    return _encode(ended)


def peek_ended(raw: bytes, state: JobState, at: float, result: bytes) -> bytes:
    """Return the same for a message that could not be read, empty if nothing is to follow."""
    headers, embed = peek_embed(raw)
    task_id, follow_ups = peek_id(raw), read_follow_ups(headers, embed)
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


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

"""The bytes on the queue, as jobs: what Parley writes, and what it makes of any client's task.

Parley writes Celery's message protocol 2 in JSON, as kombu lays it into Redis, and does so itself,
because `send_task` costs twenty times as much (docs/performance.md).
"""

import base64
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from shared import keys, tenants
from shared.chat_arguments import chat_request, id_of, tenant_of, text_of
from shared.errors import MalformedMessage
from shared.follow_ups import read_follow_ups
from shared.jobs import ChatJob, EarlyVector, EmbedJob, FollowUps, ToneJob
from shared.message_headers import (
    ACCEPTED_AT,
    DRAFT,
    FIRST_LOOK,
    GATEWAY,
    accepted_at_of,
    early_vector_header,
    early_vector_of,
    gateway_of,
    text_in,
    translation_of,
)
from shared.task_message import TaskMessage, decode
from shared.tracing.context import TraceContext, context_of, headers_of

MAX_AHEAD_SECONDS = 86_400  # of an eta
MAX_TEXTS = 256  # of a `chat.embed` task: chat messages wait behind them

_EMBED: Mapping[str, None] = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
_encoder = msgspec.json.Encoder()


def new_job_id() -> str:
    """Return a job id; Celery's own form, so that stock tools show it well."""
    return str(uuid.uuid4())


def encode_infer(job: ChatJob, trace: TraceContext | None = None) -> bytes:
    """Return the `chat.infer` task of a job that a gateway accepted, as part of a trace."""
    argument = {
        "message": job.message,
        "conversation_id": job.conversation_id,
        "user_id": job.user_id,
    }
    headers = {
        "expires": _iso(job.expires_at),
        ACCEPTED_AT: job.accepted_at,
        GATEWAY: job.gateway,
        **headers_of(trace or job.trace),
    }
    return _encode(job.id, keys.INFER_TASK, keys.INFERENCE, argument, headers)


def encode_embed(job: EmbedJob, trace: TraceContext | None = None) -> bytes:
    """Return the `chat.embed` task of a job that a gateway accepted, as part of a trace."""
    headers = {
        "expires": _iso(job.expires_at),
        ACCEPTED_AT: job.accepted_at,
        GATEWAY: job.gateway,
        **headers_of(trace or job.trace),
    }
    return _encode(job.id, keys.EMBED_TASK, keys.INFERENCE, {"texts": job.texts}, headers)


def encode_tone(
    job: ChatJob, trace: TraceContext | None = None, early: EarlyVector | None = None
) -> bytes:
    """Return the `chat.tone` task that accompanies a job; its own id, the job's id inside."""
    argument = {"job_id": job.id, "message": job.message}
    headers = {
        "expires": _iso(job.expires_at),
        "ignore_result": True,
        ACCEPTED_AT: job.accepted_at,
        **early_vector_header(early),
        **headers_of(trace or job.trace),
    }
    return _encode(tone_task_id(job.id), keys.TONE_TASK, keys.SENTIMENT, argument, headers)


def tone_task_id(job_id: str) -> str:
    """Return the id of the tone task that belongs to a job."""
    return tenants.scope(tenants.tenant_of(job_id), f"tone-{tenants.local(job_id)}")


def decode_job(task: TaskMessage, received_at: float) -> ChatJob:
    """Read a `chat.infer` task, from a gateway or any Celery client; raise MalformedMessage."""
    _require(task, keys.INFER_TASK)
    request = chat_request(task.args, task.kwargs)
    headers, due_at = task.headers, task.due_at
    accepted_at = accepted_at_of(headers)
    tenant = tenant_of(request)
    conversation_id = id_of(request, "conversation_id", tenant)
    return ChatJob(
        id=task.id,
        message=text_of(request, "message"),
        conversation_id=conversation_id or tenants.scope(tenant, task.id),
        user_id=id_of(request, "user_id", tenant),
        accepted_at=received_at if accepted_at is None else accepted_at,
        expires_at=task.expires_at,
        gateway=gateway_of(headers),
        external=not isinstance(headers.get(ACCEPTED_AT), float),
        first_look=text_in(headers, FIRST_LOOK),
        draft=text_in(headers, DRAFT),
        translation=translation_of(headers),
        due_at=due_at if due_at is None else _soon_enough(due_at, received_at),
        follow_ups=_follow_ups(task),
        trace=context_of(headers),
    )


def decode_tone(task: TaskMessage) -> ToneJob:
    """Read a `chat.tone` task; raise MalformedMessage."""
    _require(task, keys.TONE_TASK)
    if len(task.args) != 1 or task.kwargs or not isinstance(task.args[0], dict):
        raise MalformedMessage(f"{keys.TONE_TASK} takes one argument, an object")
    if task.due_at is not None:
        raise MalformedMessage(f"{keys.TONE_TASK} takes no eta and no countdown")
    job_id = id_of(task.args[0], "job_id")
    if job_id is None:
        raise MalformedMessage(f"{keys.TONE_TASK} needs a job_id")
    wants_result = not task.headers.get("ignore_result")
    message = text_of(task.args[0], "message")
    accepted_at = accepted_at_of(task.headers)
    trace, expires_at = context_of(task.headers), task.expires_at
    early = early_vector_of(task.headers)
    return ToneJob(job_id, task.id, message, expires_at, wants_result, accepted_at, trace, early)


def read_inference_job(raw: bytes, received_at: float) -> ChatJob:
    """Decode a whole `chat.infer` or `chat.embed` message; raise MalformedMessage."""
    task = decode(raw)
    embeds = task.task == keys.EMBED_TASK
    return _decode_embed(task, received_at) if embeds else decode_job(task, received_at)


def read_chat_job(raw: bytes, received_at: float) -> ChatJob:
    """Decode a whole `chat.infer` message; raise MalformedMessage. Times are Unix seconds."""
    return decode_job(decode(raw), received_at)


def read_second_look(raw: bytes, received_at: float) -> ChatJob:
    """Decode a `chat.infer` message that was handed over; MalformedMessage without a first look."""
    job = read_chat_job(raw, received_at)
    if job.first_look is None:
        raise MalformedMessage(f"no first look: {keys.INFER_TASK} goes to {keys.INFERENCE}")
    return job


def read_tone_job(raw: bytes, _received_at: float) -> ToneJob:
    """Decode a whole `chat.tone` message; raise MalformedMessage."""
    return decode_tone(decode(raw))


def _decode_embed(task: TaskMessage, received_at: float) -> EmbedJob:
    argument = task.args[0] if len(task.args) == 1 and not task.kwargs else None
    texts = argument.get("texts") if isinstance(argument, dict) else None
    if not isinstance(texts, list) or not texts or not all(isinstance(each, str) for each in texts):
        raise MalformedMessage(f"{keys.EMBED_TASK} takes one argument, an object with texts")
    if len(texts) > MAX_TEXTS:
        raise MalformedMessage(f"{keys.EMBED_TASK} takes at most {MAX_TEXTS} texts")
    headers, due_at = task.headers, task.due_at
    return EmbedJob(
        id=task.id,
        message="",
        conversation_id=task.id,
        accepted_at=received_at,
        expires_at=task.expires_at,
        gateway=gateway_of(headers),
        due_at=due_at if due_at is None else _soon_enough(due_at, received_at),
        follow_ups=_follow_ups(task),
        trace=context_of(headers),
        texts=tuple(texts),
    )


def _follow_ups(task: TaskMessage) -> FollowUps | None:
    wanted = any(task.embed.values())
    return read_follow_ups(task.id, task.headers, task.embed) if wanted else None


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


def _require(task: TaskMessage, name: str) -> None:
    if task.task != name:
        raise MalformedMessage(f"task {task.task[:80]!r} on the queue of {name}")


def _soon_enough(due_at: float, received_at: float) -> float:
    if due_at > received_at + MAX_AHEAD_SECONDS:
        hours = MAX_AHEAD_SECONDS // 3600
        raise MalformedMessage(f"eta or countdown is over {hours} hours ahead; keep it until then")
    return due_at


@lru_cache(maxsize=64)  # a job's two tasks have the same, and are written one after the other
def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()

"""What an answered chat job leaves, and how the completion script takes it."""

from dataclasses import dataclass
from itertools import chain

import msgspec

from shared import keys, tenants
from shared.counts import Counted, Facts, fields_of, fields_of_failure
from shared.follow_ups import EndedTask, children_of, encode_ended, peek_ended
from shared.jobs import UNKNOWN_TONE, Answer, ChatJob, EmbedJob, Reply, Timings, Turn
from shared.results import celery_result, encode_failure, encode_notification, encode_reply
from workers.consumer.lease_queue import Completion
from workers.consumer.redis_lease_queue import encode_dead_letter
from workers.voice.brief import Brief

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class ChatResult:
    """An answered chat job: the reply, and what the conversation's next job shall know.

    `memory` is the record of what the person wrote, to be recalled later; `handover` opens one.
    Both are empty for none. `facts` are counted; `gap` is kept, if the message shows one.
    `brief` is what a language model would be told to put the reply into words, if one may.
    `embedded` is the JSON that ends a job of texts, which have no place in a conversation: its
    reply is NO_REPLY.
    """

    reply: Reply
    dialogue: bytes = b""
    memory: bytes = b""
    handover: bytes = b""
    facts: Facts | None = None
    gap: bytes = b""
    embedded: bytes = b""
    brief: Brief | None = None


NO_REPLY = Reply(
    "", "", "", UNKNOWN_TONE, Answer("fallback", None, 0.0), Timings(0, 0, 0, 0, 0), "none"
)


def completion_arguments(
    completion: Completion[ChatJob, ChatResult],
) -> list[bytes | str | int]:
    """Return what complete.lua takes for one job, in its order."""
    job, result, task_id = completion.job, completion.result, completion.task_id or ""
    if result:
        body = result.embedded or encode_reply(result.reply)
    else:
        assert completion.failure  # noqa: S101 - a job that has no result has failed
        body = encode_failure(completion.failure)
    tenant = job.tenant if job else tenants.tenant_of(task_id)
    children = children_of(job.follow_ups) if result and job and job.follow_ups else []
    asked, answered = _turns(job, result, completion.done_at)
    counted = _counted(completion)
    return [
        completion.lease.token,
        task_id,
        job.conversation_id if job else "",
        (job.gateway if job else None) or "",
        encode_notification(task_id, completion.state, body),
        celery_result(
            task_id, completion.state, body, completion.done_at, tenant, children, _trace_id(job)
        ),
        asked,
        answered,
        result.dialogue if result else b"",
        encode_dead_letter(completion.dead_letter),
        result.memory if result else b"",
        keys.memory_owner(job.user_id, job.conversation_id) if job else "",
        (job.user_id if job else None) or "",
        result.handover if result else b"",
        counted.reply,
        counted.time,
        counted.time_sum,
        counted.milliseconds,
        counted.entry,
        counted.outcome,
        result.gap if result else b"",
        _cost(result.facts) if result and result.facts else b"",
        _ended_task(completion, body),
    ]


def _trace_id(job: ChatJob | None) -> str | None:
    return job.trace.trace_id if job and job.trace and job.trace.sampled else None


def _ended_task(completion: Completion[ChatJob, ChatResult], body: bytes) -> bytes:
    """Return what is to follow the job's end, nothing if nothing is."""
    job, at = completion.job, completion.done_at
    if completion.already_ended or (job and not job.follow_ups):
        return b""
    if job and job.follow_ups:
        span, result = completion.lease.span, msgspec.Raw(body)
        trace = span.context if span else job.trace
        ended = EndedTask(job.id, completion.state, at, result, job.follow_ups, trace)
        return encode_ended(ended)
    return peek_ended(completion.lease.raw, completion.state, at, body)


def _counted(completion: Completion[ChatJob, ChatResult]) -> Counted:
    if completion.already_ended or completion.state == "cancelled":
        return Counted()
    result = completion.result
    if result is None:
        texts = isinstance(completion.job, EmbedJob)
        return Counted() if texts else fields_of_failure(completion.state)
    return fields_of(result.facts) if result.facts else Counted()


def _cost(facts: Facts) -> bytes:
    """Return what a language model cost, as complete.lua counts it; nothing if none was asked."""
    if facts.voice is None:
        return b""
    counted = fields_of(facts)
    sent = [[name, 1] if name else [] for name in (counted.words, counted.entry_words)]
    costs = [list(chain(*amounts)) for amounts in (counted.costs, counted.entry_costs)]
    return _encode(sent + costs)


def _turns(job: ChatJob | None, result: ChatResult | None, done_at: float) -> tuple[bytes, bytes]:
    if job is None or result is None or result.embedded:
        return b"", b""
    job_id = tenants.local(job.id)
    asked = Turn("user", job.message, job_id, job.accepted_at)
    if not result.reply.response:  # a person answers
        return _encode(asked), b""
    return _encode(asked), _encode(Turn("assistant", result.reply.response, job_id, done_at))

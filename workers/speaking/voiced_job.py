"""A chat job that carries its result, and what a model makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

from shared.clock import Clock
from shared.counts import VoiceFacts
from shared.errors import MalformedMessage
from shared.jobs import ChatJob, Timings, Tone, Words
from shared.wire import read_chat_job
from workers.consumer.chat_result import ChatResult
from workers.consumer.draft_header import Draft, read_draft, without_brief
from workers.consumer.jobs import BatchResult
from workers.consumer.role import Draft as DraftedEnd
from workers.voice.brief import Spoken
from workers.voice.speaker import end_in_own_words


@dataclass(frozen=True, slots=True)
class VoicedJob(ChatJob):
    """A chat job with its result; `left` is None if that cannot be read here.

    `spoken` is the reply as it goes out, once a model had its turn.
    """

    left: Draft | None = None
    spoken: Spoken | None = None


def read_voiced_job(raw: bytes, received_at: float) -> VoicedJob:
    """Decode a `chat.infer` message that was handed over; MalformedMessage without a result."""
    job = read_chat_job(raw, received_at)
    if job.draft is None:
        raise MalformedMessage("no draft: chat.infer goes to inference")
    return voiced(job)


def voiced(job: ChatJob) -> VoicedJob:
    """Return a job with what it carries."""
    try:
        left = read_draft(job.draft)
    except MalformedMessage:  # as while workers are being upgraded
        left = None
    members = {field.name: getattr(job, field.name) for field in fields(ChatJob)}
    return VoicedJob(**members, left=left)


def is_unreadable(job: VoicedJob) -> bool:
    """Tell whether a job must be decided anew, by an inference worker."""
    return job.left is None


class EndDrafter:
    """Draft the ends of jobs that carry their result; no tone is waited for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def draft(self, batch: BatchResult[VoicedJob]) -> Sequence[DraftedEnd[ChatResult]]:
        """Return the end of each job: what a model said, or the rest of the entries' own words."""
        return [self.end(each.job, each.claim.shown) for each in batch.jobs]

    def end(self, job: VoicedJob, shown: str) -> DraftedEnd[ChatResult]:
        """Return the end of one job; what was `shown` of its reply stands at its beginning."""
        assert job.left  # noqa: S101 - what cannot be read was given back
        own = end_in_own_words(job.left.brief, shown) if shown else job.left.result.reply.response
        spoken = job.spoken or Spoken(own)
        return DraftedEnd(partial(self._finish, job, job.left, spoken, shown), needs_tone=False)

    def _finish(
        self, job: VoicedJob, left: Draft, spoken: Spoken, shown: str, _tone: Tone, _now: float
    ) -> ChatResult:
        result = without_brief(left.result)
        total_ms = round(1_000 * max(0.0, self._clock.now() - job.accepted_at), 2)
        words = _whose(result.reply.response, spoken, shown)
        reply = replace(
            result.reply,
            response=spoken.text,
            words=words,
            timings=_until_now(result.reply.timings, total_ms),
        )
        # What the header says of this is not asked: anybody can write it.
        voice = _facts(words, spoken)
        facts = result.facts and replace(result.facts, total_ms=total_ms, voice=voice)
        return replace(result, reply=reply, facts=facts)


def _facts(words: Words, spoken: Spoken) -> VoiceFacts:
    first = spoken.first_seconds
    return VoiceFacts(
        words=words,
        prompt_tokens=spoken.usage.prompt_tokens,
        completion_tokens=spoken.usage.completion_tokens,
        model_ms=1_000 * spoken.seconds,
        first_ms=None if first is None else 1_000 * first,
        sentences=spoken.sentences,
        refused=tuple(each.reason for each in spoken.refused),
        is_faulty=spoken.fault is not None,
    )


def _whose(own: str, spoken: Spoken, shown: str) -> Words:
    if spoken.text == own:
        return "entry"
    return "both" if shown or spoken.refused or spoken.fault else "model"


def _until_now(timings: Timings, total_ms: float) -> Timings:
    """Count the time with the model as composing."""
    more = max(0.0, total_ms - timings.total_ms)
    return replace(timings, compose_ms=round(timings.compose_ms + more, 2), total_ms=total_ms)

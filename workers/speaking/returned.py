"""Answer what a generation worker gave up: its message carries the whole result."""

from collections.abc import Sequence
from dataclasses import replace

from shared.clock import Clock
from shared.jobs import ChatJob, Tone
from workers.consumer.chat_result import ChatResult
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import ClaimedJob, ClaimResult
from workers.consumer.role import Draft
from workers.embedding import DraftBatch, Prepare
from workers.preprocessing.preprocessor import Prepared
from workers.speaking.voiced_job import EndDrafter, VoicedJob, voiced


class ReturnedJobs:
    """Prepare and end them past the engine; `prepare` and `draft` are for all others.

    Where a person has taken the conversation over, or the result cannot be read here, the message
    is decided anew; what was shown of its reply stands before what is said then.
    """

    def __init__(self, prepare: Prepare, draft: DraftBatch, clock: Clock) -> None:
        self._prepare = prepare
        self._draft = draft
        self._ends = EndDrafter(clock)

    def prepare(self, claimed: Sequence[ClaimedJob[ChatJob]]) -> Sequence[tuple[Prepared, ...]]:
        """Return the passages of each job, in order: none to be read of what has its result."""
        if not any(each.job.draft for each in claimed):
            return self._prepare(claimed)
        others = [each for each in claimed if _carried(each.job, each.claim) is None]
        prepared = iter(self._prepare(others) if others else ())
        return [
            next(prepared)
            if _carried(each.job, each.claim) is None
            else (Prepared(each.job.message, (), truncated=False),)
            for each in claimed
        ]

    def draft(self, batch: BatchResult[ChatJob]) -> Sequence[Draft[ChatResult]]:
        """Return the draft of each job, in order."""
        if not any(each.job.draft for each in batch.jobs):
            return self._draft(batch)
        carried = [_carried(each.job, each.claim) for each in batch.jobs]
        places = [place for place, each in enumerate(carried) if each is None]
        drafts = iter(self._draft(batch.part(places)) if places else ())
        return [
            _after(prepared.claim.shown, next(drafts))
            if job is None
            else self._ends.end(job, prepared.claim.shown)
            for prepared, job in zip(batch.jobs, carried, strict=True)
        ]


def _after(shown: str, draft: Draft[ChatResult]) -> Draft[ChatResult]:
    """Return a draft whose reply goes on where somebody else's left off."""
    if not shown:
        return draft

    def finish(tone: Tone, now: float) -> ChatResult:
        result = draft.finish(tone, now)
        if not result.reply.response:  # a person answers
            return result
        response = f"{shown}\n\n{result.reply.response}"
        return replace(result, reply=replace(result.reply, response=response, words="both"))

    return Draft(finish, needs_tone=draft.needs_tone)  # the large encoder knows nothing of this


def _carried(job: ChatJob, claim: ClaimResult) -> VoicedJob | None:
    """Return the job with its result, if that ends it."""
    if job.draft is None or claim.with_person:
        return None
    carrying = voiced(job)
    return carrying if carrying.left else None

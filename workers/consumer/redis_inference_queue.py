"""The queue of chat jobs in Redis: each step is one Lua call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import msgspec
import redis

from shared import keys
from shared.counts import day_of
from shared.jobs import UNKNOWN_TONE, ChatJob, Tone
from shared.message_headers import with_draft, with_first_look
from shared.wire import encode_tone
from workers.consumer.chat_result import ChatResult, completion_arguments
from workers.consumer.context import WorkerContext
from workers.consumer.draft_header import encode_draft
from workers.consumer.lease_queue import (
    EXPIRY_GRACE_SECONDS,
    ClaimResult,
    ClaimVerdict,
    Completion,
    CompletionVerdict,
    DueTone,
    HandOver,
    HandOverVerdict,
    LeasedJob,
    QueuePolicy,
    Reclaimed,
)
from workers.consumer.redis_lease_queue import RedisLeaseQueue
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.tone_subscription import ToneSubscription

_TONE_INTEREST_MILLISECONDS = 1_000
_MAX_AT_ONCE = 1_000
_REPLY_SECONDS = 0.020  # to be leased, composed and sent, beyond the turn with the engine
_decode_tone = msgspec.json.Decoder(Tone).decode


class RedisInferenceQueue(RedisLeaseQueue[ChatJob, ChatResult]):
    """A queue of chat jobs in Redis; also gives the tones of its jobs, and takes second looks."""

    _claims_first = True

    def __init__(
        self,
        client: "redis.Redis",
        context: WorkerContext,
        policy: QueuePolicy,
        queue: str = keys.INFERENCE,
        follow_up: Callable[[], None] = lambda: None,
        retry: RetryPolicy | None = None,
    ) -> None:
        super().__init__(client, queue, context, policy, retry)
        self._follow_up = follow_up
        self._collect_tones = self._script("collect_tones.lua")
        self._queue_tones = self._script("queue_tones.lua")
        self._claim = self._script("claim.lua")
        self._complete = self._acked_script("complete.lua")
        self._expire_parked = self._script("expire_parked.lua")
        self._release_due = self._script("release_due.lua")
        self._hasten = self._script("hasten.lua")
        self._hand_over = self._script("hand_over.lua")
        self._offer_words = self._script("offer_words.lua")
        self._return_unserved = self._script("return_unserved.lua")

    def claim(self, jobs: Sequence[LeasedJob[ChatJob]]) -> list[ClaimResult]:
        """Decide on each job; one that does not hold its lane claims it or is parked."""
        first, self._first_claimed = self._first_claimed, None
        verdicts = dict([first] if first else [])
        asked = [leased for leased in jobs if leased.lease.token not in verdicts]
        if asked:
            found = self._retry.until_stopped(
                self._claim,
                keys=[self._lease_key, keys.SENTIMENT],
                args=self._claim_arguments(asked),
            )
            verdicts |= {
                leased.lease.token: verdict for leased, verdict in zip(asked, found, strict=True)
            }
        return [_claim_result(verdicts[leased.lease.token]) for leased in jobs]

    def _claim_arguments(self, jobs: Sequence[LeasedJob[ChatJob]]) -> list[bytes | str | float]:
        lane_ttl = self._policy.lane_ttl_seconds
        args: list[bytes | str | float] = [
            *(self._policy.job_ttl_seconds, lane_ttl, int(self._gives_early))
        ]
        for leased in jobs:
            job = leased.job
            tone = encode_tone(job) if job.external else b""
            args += [leased.lease.token, job.id, job.conversation_id, tone]
            args += self._times(job)
            args += ["1" if job.follow_ups else "", "1" if job.draft else ""]
        return args

    def queue_tones(self, tones: Sequence[DueTone[ChatJob]]) -> None:
        """Queue tone tasks that are due, all in one atomic step.

        A task counts as accepted now, as it waits for a sentiment worker from now on.
        """
        now = self._clock.now()
        args: list[bytes | str] = []
        for tone in tones:
            job = tone.job
            task = encode_tone(replace(job, accepted_at=now), early=tone.early)
            args += (job.id, job.conversation_id, task, "1" if job.external else "")
        self._retry.until_stopped(self._queue_tones, keys=[keys.SENTIMENT], args=args)

    def _times(self, job: ChatJob) -> tuple[float, float | str]:
        """Return when a job expires at the latest, and when it is due if that is yet to come."""
        now = self._clock.now()
        due_at = job.due_at if job.due_at is not None and job.due_at > now else None
        return job.expires_at or (due_at or now) + self._policy.lane_ttl_seconds, due_at or ""

    def complete(
        self, completions: Sequence[Completion[ChatJob, ChatResult]]
    ) -> list[CompletionVerdict]:
        """Apply each job's effects exactly once, all in one atomic step."""
        policy = self._policy
        args: list[bytes | str | int] = [
            policy.result_ttl_seconds,
            policy.conversation_ttl_seconds,
            policy.turns,
            policy.dead_letters,
            policy.lane_ttl_seconds,
            policy.memory_records,
            policy.memory_ttl_seconds,
            day_of(self._clock.now()),
        ]
        followed = False
        for completion in completions:
            args += completion_arguments(completion)
            followed = followed or args[-1] != b""
        used = [self._lease_key, keys.INFERENCE, keys.DEAD_LETTERS, keys.THROUGHPUT]
        verdicts = self._retry.until_stopped(self._complete, keys=used, args=args)
        if followed:
            self._follow_up()
        return [cast("CompletionVerdict", verdict.decode()) for verdict in verdicts]

    def hasten(self, task_ids: Sequence[str]) -> None:
        """Put them on the queue with the next heartbeat of any worker."""
        self._retry.once(self._hasten, keys=[keys.SCHEDULED], args=task_ids)

    def hand_over(self, jobs: Sequence[HandOver[ChatJob]]) -> list[HandOverVerdict]:
        """Hand jobs over for a second look, all in one atomic step."""
        now = self._clock.now()
        args: list[bytes | str | float] = [now, _REPLY_SECONDS]
        asked = []
        for position, each in enumerate(jobs):
            if part := self._hand_over_arguments(each, now):
                args += part
                asked.append(position)
        verdicts: list[HandOverVerdict] = ["late"] * len(jobs)
        if not asked:
            return verdicts
        large = keys.INFERENCE_LARGE
        used = [self._lease_key, large, keys.workers(large)]
        found = self._retry.until_stopped(self._hand_over, keys=used, args=args)
        for position, verdict in zip(asked, found, strict=True):
            verdicts[position] = cast("HandOverVerdict", verdict.decode())
        return verdicts

    def _hand_over_arguments(
        self, each: HandOver[ChatJob], now: float
    ) -> tuple[bytes, str, float, bytes] | None:
        """Return nothing for a job that is late already, or whose message would be too long."""
        job, lease = each.leased.job, each.leased.lease
        due_at = job.accepted_at + self._policy.latency_target_seconds
        if now + _REPLY_SECONDS >= due_at:  # under load nearly all: nothing is written down
            return None
        try:
            message = with_first_look(lease.raw, job, each.first_look())
        except (msgspec.DecodeError, ValueError, RecursionError):  # only its known fields were read
            return None
        return (lease.token, job.id, due_at, message) if message else None

    def offer_words(
        self, completions: Sequence[Completion[ChatJob, ChatResult]]
    ) -> list[HandOverVerdict | None]:
        """Hand over what a language model may put into words, all in one atomic step."""
        now = self._clock.now()
        args: list[bytes | str | float] = [now, _REPLY_SECONDS]
        verdicts: list[HandOverVerdict | None] = [None] * len(completions)
        asked = []
        for position, completion in enumerate(completions):
            if not _may_be_offered(completion):
                continue
            verdicts[position] = "late"
            if part := self._offer(completion, now):
                args += part
                asked.append(position)
        if not asked:
            return verdicts
        queue = keys.GENERATION
        used = [self._lease_key, queue, keys.workers(queue), keys.tokens_used(day_of(now))]
        found = self._retry.until_stopped(self._offer_words, keys=used, args=args)
        for position, verdict in zip(asked, found, strict=True):
            verdicts[position] = cast("HandOverVerdict", verdict.decode())
        return verdicts

    def _offer(
        self, completion: Completion[ChatJob, ChatResult], now: float
    ) -> tuple[bytes, str, str, float, str | int, bytes] | None:
        """Return nothing for a job that is late already, or whose message would be too long."""
        job, result, lease = completion.job, completion.result, completion.lease
        if job is None or result is None:
            return None
        due_at = voice_due_at(job, self._policy.voice_target_seconds)
        if now + _REPLY_SECONDS >= due_at:
            return None
        try:
            message = with_draft(lease.raw, job, encode_draft(result, now))
        except (msgspec.DecodeError, ValueError, RecursionError):  # only its known fields were read
            return None
        if message is None:
            return None
        budget = self._policy.voice_budgets.of(job.tenant)
        tokens = "" if budget is None else budget
        return lease.token, job.id, job.conversation_id, due_at, tokens, message

    def tones(self, job_ids: Sequence[str]) -> Mapping[str, Tone]:
        """Return the tones that are known, or can't come; ask to be sent the others."""
        args = [keys.tones(self._worker_id), _TONE_INTEREST_MILLISECONDS, *job_ids]
        any_sentiment_worker, *found = self._retry.until_stopped(
            self._collect_tones, keys=[keys.workers(keys.SENTIMENT)], args=args
        )
        pairs = list(zip(job_ids, found, strict=True))
        tones = {job_id: _decode_tone(tone) for job_id, tone in pairs if tone}
        if any_sentiment_worker:
            return tones
        return {job_id: tones.get(job_id, UNKNOWN_TONE) for job_id in job_ids}

    def subscribe_tones(
        self,
        on_tone: Callable[[str, Tone], None],
        clients: "Sequence[redis.Redis]" = (),
    ) -> Callable[[], None]:
        """Listen from a thread of its own until the returned function is called.

        `clients`: others of the same cluster, which hear the same.
        """
        channel = keys.tones(self._worker_id)
        subscription = ToneSubscription(clients or self.client, channel, on_tone)
        subscription.start()
        subscription.wait_until_live(2.0)
        return subscription.stop

    def _reclaim_dead(self) -> Reclaimed:
        reclaimed = super()._reclaim_dead()
        now, lane_ttl = self._clock.now(), self._policy.lane_ttl_seconds
        args = [now - EXPIRY_GRACE_SECONDS, _MAX_AT_ONCE, lane_ttl, now + lane_ttl]
        self._expire_parked(keys=[keys.INFERENCE], args=args)
        self._release_due(keys=[keys.INFERENCE], args=[now, _MAX_AT_ONCE])
        returned = sum(map(self._return_from, keys.RETURN_QUEUES))
        return replace(reclaimed, returned=reclaimed.returned + returned)

    def _return_from(self, queue: str) -> int:
        used = [queue, keys.workers(queue), keys.INFERENCE]
        returned: int = self._return_unserved(keys=used, args=[_MAX_AT_ONCE])
        return returned


def voice_due_at(job: ChatJob, target_seconds: float) -> float:
    """Return when a reply in a model's words is due, Unix seconds: before the job expires."""
    due_at = job.accepted_at + target_seconds
    return due_at if job.expires_at is None else min(due_at, job.expires_at - EXPIRY_GRACE_SECONDS)


def _may_be_offered(completion: Completion[ChatJob, ChatResult]) -> bool:
    """Tell whether a model may have words for it; what comes back once was handed over before."""
    job, result = completion.job, completion.result
    return result is not None and result.brief is not None and (job is None or job.draft is None)


def _claim_result(verdict: Sequence[Any]) -> ClaimResult:
    name, *found = verdict
    dialogue, handover, shown, tone_due = found or (b"", b"none", b"", 0)
    return ClaimResult(
        cast("ClaimVerdict", name.decode()),
        dialogue,
        with_person=handover == b"claimed",
        person_called=handover == b"open",
        shown=shown.decode(),
        tone_due=bool(tone_due),
    )

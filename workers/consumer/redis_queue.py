"""The queues in Redis: each step of the drain is one Lua call."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import msgspec

from shared import keys
from shared.clock import Clock
from shared.connection import queue_errors
from shared.errors import QueueUnavailable
from shared.jobs import UNKNOWN_TONE, Tone, Turn
from shared.results import celery_result, encode_notification
from shared.wire import encode_tone
from workers.consumer.lease_queue import (
    EXPIRY_GRACE_SECONDS,
    Arrival,
    ClaimResult,
    ClaimVerdict,
    Completion,
    CompletionVerdict,
    DeadLetter,
    QueueLimits,
    Reclaimed,
    ToneCompletion,
)
from workers.consumer.redis_lease_queue import RedisLeaseQueue
from workers.consumer.tone_subscription import ToneSubscription

_TONE_WISH_MILLISECONDS = 1_000
_OVERDUE_AT_ONCE = 1_000
_encode = msgspec.json.Encoder().encode
_decode_tone = msgspec.json.Decoder(Tone).decode


class RedisInferenceQueue(RedisLeaseQueue):
    """The queue of chat jobs in Redis."""

    def __init__(self, url: str, worker_id: str, clock: Clock, limits: QueueLimits) -> None:
        super().__init__(url, keys.INFERENCE, worker_id, clock, limits)
        self._tones = self._script("collect_tones.lua")
        self._start = self._script("claim.lua")
        self._complete = self._script("complete.lua")
        self._overdue = self._script("expire_parked.lua")

    def reclaim_dead(self) -> Reclaimed:
        """Return what dead workers held, and parked jobs whose time is over, to the queue."""
        reclaimed = super().reclaim_dead()
        now, lane_ttl = self._clock.now(), self._limits.lane_ttl_seconds
        args = [now - EXPIRY_GRACE_SECONDS, _OVERDUE_AT_ONCE, lane_ttl, now + lane_ttl]
        with queue_errors():
            self._overdue(keys=[self._queue], args=args)
        return reclaimed

    def start(self, arrivals: Sequence[Arrival]) -> list[ClaimResult]:
        """Judge each arrival; one that holds no lane claims it or is parked."""
        if not arrivals:
            return []
        args: list[bytes | str | float] = [
            self._limits.job_ttl_seconds,
            self._limits.lane_ttl_seconds,
        ]
        for arrival in arrivals:
            job = arrival.job
            tone = encode_tone(job) if arrival.external else b""
            over_at = job.expires_at or self._clock.now() + self._limits.lane_ttl_seconds
            args += [arrival.token, job.id, job.conversation_id, tone, over_at]
        with queue_errors():
            verdicts = self._start(
                keys=[self._lease_key, keys.SENTIMENT, keys.INFERENCE], args=args
            )
        return [_start_of(verdict) for verdict in verdicts]

    def tones(self, job_ids: Sequence[str]) -> Mapping[str, Tone]:
        """Return the tones that are there, or can't come; ask to be told of the others."""
        if not job_ids:
            return {}
        args = [keys.tones(self._worker_id), _TONE_WISH_MILLISECONDS, *job_ids]
        with queue_errors():
            lives, *found = self._tones(keys=[keys.workers(keys.SENTIMENT)], args=args)
        pairs = list(zip(job_ids, found, strict=True))
        tones = {job_id: _decode_tone(tone) for job_id, tone in pairs if tone}
        if lives:
            return tones
        return {job_id: tones.get(job_id, UNKNOWN_TONE) for job_id in job_ids}

    def subscribe_tones(self, on_tone: Callable[[str, Tone], None]) -> Callable[[], None]:
        """Listen from a thread of its own until the returned function is called."""
        subscription = ToneSubscription(self._url, keys.tones(self._worker_id), on_tone)
        subscription.start()
        subscription.wait_until_live(2.0)
        return subscription.stop

    def complete(self, completions: Sequence[Completion]) -> list[CompletionVerdict]:
        """Apply each job's effects exactly once, all in one atomic step."""
        if not completions:
            return []
        limits = self._limits
        args: list[bytes | str | int] = [
            limits.result_ttl_seconds,
            limits.conversation_ttl_seconds,
            limits.turns,
            limits.dead_letters,
            limits.lane_ttl_seconds,
        ]
        for completion in completions:
            args += _completion_arguments(completion)
        scripted = [self._lease_key, keys.INFERENCE, keys.DEAD_LETTERS, keys.THROUGHPUT]
        with queue_errors():
            verdicts = self._complete(keys=scripted, args=args)
        return [cast("CompletionVerdict", verdict.decode()) for verdict in verdicts]


class RedisSentimentQueue(RedisLeaseQueue):
    """The queue of tone tasks in Redis."""

    def __init__(self, url: str, worker_id: str, clock: Clock, limits: QueueLimits) -> None:
        super().__init__(url, keys.SENTIMENT, worker_id, clock, limits)
        self._complete = self._script("complete_tones.lua")

    def answers_waiting(self) -> int:
        """Return how many messages wait for an inference worker; 0 where Redis is away."""
        try:
            with queue_errors():
                return int(self._caller.call("LLEN", keys.INFERENCE))
        except QueueUnavailable:
            return 0

    def complete(self, completions: Sequence[ToneCompletion]) -> list[CompletionVerdict]:
        """Store the tones and tell the workers that wait for them, in one atomic step."""
        if not completions:
            return []
        args: list[bytes | str | int] = [self._limits.tone_ttl_seconds, self._limits.dead_letters]
        for completion in completions:
            tone = _encode(completion.tone) if completion.tone else b""
            dead = _encode_dead_letter(completion.dead_letter)
            args += [completion.token, completion.job_id or "", tone, dead]
        with queue_errors():
            verdicts = self._complete(keys=[self._lease_key, keys.DEAD_LETTERS], args=args)
        return [cast("CompletionVerdict", verdict.decode()) for verdict in verdicts]


def _start_of(verdict: Sequence[bytes]) -> ClaimResult:
    phrases = frozenset(phrase.decode() for phrase in verdict[1:])
    return ClaimResult(cast("ClaimVerdict", verdict[0].decode()), phrases)


def _completion_arguments(completion: Completion) -> list[bytes | str]:
    job_id = completion.job_id or ""
    asked, answered = completion.turns or (None, None)
    return [
        completion.token,
        job_id,
        completion.conversation_id or "",
        completion.gateway or "",
        encode_notification(job_id, completion.state, completion.body),
        celery_result(job_id, completion.state, completion.body, completion.done_at),
        _encode_turn(asked),
        _encode_turn(answered),
        ",".join(completion.phrases),
        _encode_dead_letter(completion.dead_letter),
    ]


def _encode_turn(turn: Turn | None) -> bytes:
    return _encode(turn) if turn else b""


def _encode_dead_letter(letter: DeadLetter | None) -> bytes:
    return _encode(letter) if letter else b""

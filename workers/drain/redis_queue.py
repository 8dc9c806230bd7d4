"""The queue in Redis: each step of the drain is one Lua call."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec

from shared import keys
from shared.clock import Clock
from shared.connection import connect, queue_errors, read_script
from shared.jobs import UNKNOWN_TONE, Tone, Turn, WorkerStatus
from shared.outcomes import announcement, celery_result
from shared.wire import encode_tone
from workers.drain.port import (
    OVERDUE_GRACE_SECONDS,
    Arrival,
    Completion,
    CompletionVerdict,
    DeadLetter,
    Lease,
    QueueLimits,
    Reclaimed,
    Start,
    StartVerdict,
    ToneCompletion,
)
from workers.drain.tone_subscription import ToneSubscription

_TONE_WISH_MILLISECONDS = 1_000
HANDS_FULL_SECONDS = 0.01
_OVERDUE_AT_ONCE = 1_000
# Working off what waits frees memory in the end, so workers go on where Redis has none left.
_OVER_LIMIT = "#!lua flags=allow-oom\n"
_encode = msgspec.json.Encoder().encode
_decode_tone = msgspec.json.Decoder(Tone).decode


class RedisLeaseQueue:
    """One worker's view of one queue. Thread-safe: redis-py's pool gives each call a connection."""

    def __init__(
        self, url: str, queue: str, worker_id: str, clock: Clock, limits: QueueLimits
    ) -> None:
        self._redis = connect(url)
        self._queue = queue
        self._worker_id = worker_id
        self._clock = clock
        self._limits = limits
        self._url = url
        self._lease_key = keys.lease(worker_id)
        self._intake_key = keys.intake(worker_id)
        self._lease_keys = [
            *(self._lease_key, self._intake_key, keys.LEASE_TOKEN, keys.receipt(worker_id)),
            *(keys.suspects(queue), keys.alone(worker_id)),
            *keys.queue_keys(queue),
        ]
        self._hands_full = False
        self._lease_calls = secrets.randbits(48)  # an earlier holder of this name counted too
        self._lease = self._script("lease.lua")
        self._reclaim = self._script("reclaim.lua")
        self._beat = self._script("beat.lua")

    def wait(self, timeout_seconds: float) -> None:
        """Block until a message is moved into this worker's intake, or the timeout."""
        if self._hands_full:
            time.sleep(min(HANDS_FULL_SECONDS, timeout_seconds))
            return
        with queue_errors():
            self._redis.blmove(self._queue, self._intake_key, cast("int", timeout_seconds))

    def lease(self, limit: int) -> list[Lease]:
        """Take up to `limit` messages from the head, oldest first; from one thread only.

        Where the reply is lost, the next call returns what that one took.
        """
        args = [limit, self._lease_calls, self._limits.job_ttl_seconds]
        with queue_errors():
            flat = self._lease(keys=self._lease_keys, args=args)
        self._lease_calls += 1
        self._hands_full = flat == [b"hands full"]
        return [] if self._hands_full else _leases(flat)

    def beat(self, status: WorkerStatus) -> None:
        """Renew this worker's heartbeat."""
        ttl = int(self._limits.heartbeat_ttl_seconds * 1000)
        with queue_errors():
            self._beat(
                keys=[keys.worker(self._worker_id), keys.workers(self._queue)],
                args=[_encode(status), ttl, self._clock.now(), self._worker_id],
            )

    def reclaim_dead(self) -> Reclaimed:
        """Return what workers without a heartbeat held; forget those silent for an hour."""
        returned, over_limit = 0, []
        long_ago = self._clock.now() - self._limits.forget_worker_seconds
        with queue_errors():
            for queue in keys.QUEUES:
                for worker_id in self._dead_workers(queue):
                    report = self._take_from(worker_id, queue, self._limits.deliveries)
                    returned += report[0]
                    over_limit += _leases(report[1:])
            self._redis.zremrangebyscore(keys.workers(self._queue), "-inf", long_ago)
        return Reclaimed(returned, tuple(over_limit))

    def hand_back(self) -> int:
        """Return all that this worker holds, uncounted, and end its heartbeat."""
        with queue_errors():
            returned: int = self._take_from(self._worker_id, self._queue, 0)[0]
            self._redis.delete(keys.worker(self._worker_id))
            self._redis.zrem(keys.workers(self._queue), self._worker_id)
        return returned

    def _dead_workers(self, queue: str) -> list[str]:
        known = cast("list[bytes]", self._redis.zrange(keys.workers(queue), 0, -1))
        names = [name.decode() for name in known if name.decode() != self._worker_id]
        if not names:
            return []
        beats = cast("list[bytes | None]", self._redis.mget([keys.worker(name) for name in names]))
        return [name for name, beat in zip(names, beats, strict=True) if beat is None]

    def _take_from(self, worker_id: str, queue: str, deliveries: int) -> list[Any]:
        report: list[Any] = self._reclaim(
            keys=[
                keys.lease(worker_id),
                keys.intake(worker_id),
                queue,
                self._lease_key,
                keys.LEASE_TOKEN,
                keys.suspects(queue),
            ],
            args=[deliveries, self._limits.job_ttl_seconds, int(queue == self._queue)],
        )
        return report

    def _script(self, name: str, *base: str) -> Callable[..., Any]:
        text = _OVER_LIMIT + read_script("workers.drain.lua", name, *base)
        return cast("Callable[..., Any]", self._redis.register_script(text))


class RedisInferenceQueue(RedisLeaseQueue):
    """The queue of chat jobs in Redis."""

    def __init__(self, url: str, worker_id: str, clock: Clock, limits: QueueLimits) -> None:
        super().__init__(url, keys.INFERENCE, worker_id, clock, limits)
        self._tones = self._script("tones.lua")
        self._start = self._script("start.lua", "lanes.lua")
        self._complete = self._script("complete.lua", "lanes.lua", "drain_rate.lua")
        self._overdue = self._script("overdue.lua", "lanes.lua")

    def reclaim_dead(self) -> Reclaimed:
        """Return what dead workers held, and parked jobs whose time is over, to the queue."""
        reclaimed = super().reclaim_dead()
        now, lane_ttl = self._clock.now(), self._limits.lane_ttl_seconds
        args = [now - OVERDUE_GRACE_SECONDS, _OVERDUE_AT_ONCE, lane_ttl, now + lane_ttl]
        with queue_errors():
            self._overdue(keys=[self._queue], args=args)
        return reclaimed

    def start(self, arrivals: Sequence[Arrival]) -> list[Start]:
        """Judge each arrival; one that holds no lane claims it or is parked."""
        if not arrivals:
            return []
        args: list[bytes | str | float] = [
            self._limits.job_ttl_seconds,
            self._limits.lane_ttl_seconds,
        ]
        for arrival in arrivals:
            job = arrival.job
            tone = encode_tone(job) if arrival.foreign else b""
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
        scripted = [self._lease_key, keys.INFERENCE, keys.DEAD_LETTERS, keys.DRAIN_RATE]
        with queue_errors():
            verdicts = self._complete(keys=scripted, args=args)
        return [cast("CompletionVerdict", verdict.decode()) for verdict in verdicts]


class RedisSentimentQueue(RedisLeaseQueue):
    """The queue of tone tasks in Redis."""

    def __init__(self, url: str, worker_id: str, clock: Clock, limits: QueueLimits) -> None:
        super().__init__(url, keys.SENTIMENT, worker_id, clock, limits)
        self._complete = self._script("complete_tones.lua")

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


def _leases(flat: Sequence[bytes]) -> list[Lease]:
    return [Lease(flat[i], flat[i + 1]) for i in range(0, len(flat), 2)]


def _start_of(verdict: Sequence[bytes]) -> Start:
    phrases = frozenset(phrase.decode() for phrase in verdict[1:])
    return Start(cast("StartVerdict", verdict[0].decode()), phrases)


def _completion_arguments(completion: Completion) -> list[bytes | str]:
    job_id = completion.job_id or ""
    asked, answered = completion.turns or (None, None)
    return [
        completion.token,
        job_id,
        completion.conversation_id or "",
        completion.gateway or "",
        announcement(job_id, completion.state, completion.body),
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

"""What all queues in Redis do alike: lease, report, return what dead workers held."""

import secrets
import time
from collections.abc import Iterable, Sequence
from typing import Any, Generic, cast

import msgspec
import redis

from shared import keys, tenants
from shared.replica_acks import ReplicaAcks, register_acked_script
from shared.scripts import Script, register_script
from shared.task_message import peek_id
from shared.worker_status import WorkerStatus
from workers.consumer.context import WorkerContext
from workers.consumer.first_claim import NO_CLAIM, first_claim
from workers.consumer.lease_queue import (
    ClaimResult,
    DeadLetter,
    JobT,
    Lease,
    LeasedJob,
    QueuePolicy,
    Reclaimed,
    ResultT,
)
from workers.consumer.retry_policy import RetryPolicy

BUSY_SECONDS = 0.01
OUT_OF_MEMORY_SECONDS = 0.1
JUST_BEGUN_SECONDS = 2.0  # after its first lease: enough to answer who waited while it started
# Work on what waits frees memory in the end, so workers go on when Redis has none left.
_ALLOW_OUT_OF_MEMORY = "#!lua flags=allow-oom\n"
_encode = msgspec.json.Encoder().encode


class RedisLeaseQueue(Generic[JobT, ResultT]):
    """One worker's view of one queue. Thread-safe."""

    _claims_first = False

    def __init__(
        self,
        client: "redis.Redis",
        queue: str,
        context: WorkerContext,
        policy: QueuePolicy,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._redis = client
        self._queue = queue
        self._worker_id = worker_id = context.worker_id
        self._clock = context.clock
        self._policy = policy
        self._retry = retry or RetryPolicy(context.stopping, context.failover)
        self._lease_key = keys.lease(worker_id)
        self._handoff_key = keys.handoff(worker_id)
        self._lease_keys = [
            *(self._lease_key, self._handoff_key, keys.LEASE_TOKEN, keys.last_lease(worker_id)),
            *(keys.quarantine(queue), keys.exclusive_lease(worker_id), keys.workers(queue)),
            *policy.lists.of(queue),
        ]
        self._weights = [part for pair in policy.tenant_weights.items() for part in pair]
        # After a lease: whether this worker must first end what it holds, and whether what it took
        # is to be held alone.
        self.is_busy = self.is_alone = False
        counters = context.counters
        self._acks = ReplicaAcks(policy.replica_acks, lambda: counters.add(missing_replica_acks=1))
        self._first_leased_at: float | None = None
        self._first_claim: Sequence[str | bytes | float] = NO_CLAIM  # made with the next lease
        self._first_claimed: tuple[bytes, Sequence[Any]] | None = None  # its token and verdict
        self._gives_early = False  # as the last heartbeat said
        self._lease_calls = secrets.randbits(48)  # an earlier holder of this name counted too
        self._lease = self._script("lease.lua")
        self._reclaim = self._script("reclaim.lua")
        self._heartbeat = self._script("heartbeat.lua")
        self._give_back = self._script("give_back.lua")

    @property
    def client(self) -> "redis.Redis":
        """Return the client of the queue's partition."""
        return self._redis

    def wait(self, timeout_seconds: float) -> None:
        """Block until a message is moved into this worker's handoff list, or the timeout."""
        if self.is_busy or self.is_alone:  # then more are in quarantine, of which no list tells
            time.sleep(min(BUSY_SECONDS, timeout_seconds))
            return
        moved = self._retry.until_stopped(self._move_one, timeout_seconds)
        if self._claims_first:
            now, lane_ttl = self._clock.now(), self._policy.lane_ttl_seconds
            self._first_claim = first_claim(moved, now, lane_ttl)

    def _move_one(self, timeout_seconds: float) -> bytes | None:
        # From the head: what arrived together with others is not to overtake them.
        move = ("BLMOVE", self._queue, self._handoff_key, "RIGHT", "LEFT")
        try:
            moved = cast("Any", self._redis).execute_command(*move, timeout_seconds)
        except redis.OutOfMemoryError:  # to lease without being woken is allowed all the same
            time.sleep(min(OUT_OF_MEMORY_SECONDS, timeout_seconds))
            return None
        return cast("bytes | None", moved)

    def lease(self, limit: int, *, holds_others: bool = False) -> list[Lease]:
        """Take up to `limit` messages from the head, oldest first; from one thread only.

        If the reply is lost, the repeated call returns what that one took. `holds_others`: this
        worker holds messages of other partitions.
        """
        call, ttl = self._lease_calls, self._policy.job_ttl_seconds
        args = [limit, call, ttl, self._worker_id, self._clock.now(), int(holds_others)]
        args.append(int(self._has_just_begun()))
        first, self._first_claim = self._first_claim, NO_CLAIM
        flat = self._retry.until_stopped(
            self._lease, keys=self._lease_keys, args=[*args, *first, *self._weights]
        )
        self._lease_calls += 1
        if flat and isinstance(flat[0], list):
            self._first_claimed = flat[1], flat.pop(0)
        self.is_busy, self.is_alone = flat == [b"busy"], flat[:1] == [b"alone"]
        return [] if self.is_busy else _leases(flat[self.is_alone :])

    def _has_just_begun(self) -> bool:
        now = self._clock.monotonic()
        if self._first_leased_at is None:
            self._first_leased_at = now
        return now - self._first_leased_at < JUST_BEGUN_SECONDS

    def claim(self, jobs: Sequence[LeasedJob[JobT]]) -> list[ClaimResult]:
        """Let every job run: only chat jobs have lanes."""
        return [ClaimResult("run") for _ in jobs]

    def give_back(self, jobs: Sequence[LeasedJob[JobT]]) -> int:
        """Put these back to the head of the queue from which their like are answered."""
        queue = keys.RETURN_QUEUES.get(self._queue, self._queue)
        args: list[bytes | str] = []
        for each in reversed(jobs):
            args += (each.lease.token, tenants.tenant_of(each.job.task_id), "")
        returned: int = self._retry.until_stopped(
            self._give_back, keys=[self._lease_key, queue], args=args
        )
        return returned

    def hasten(self, task_ids: Sequence[str]) -> None:
        """Do nothing: no message of this queue is kept until later."""

    def deliveries(self, task_ids: Sequence[str]) -> list[int]:
        """Return one more than the deliveries that ended with a dead worker."""
        counted = [keys.redelivered(task_id) for task_id in task_ids]
        found = cast("list[bytes | None]", self._retry.once(self._redis.mget, counted))
        return [1 + int(count or 0) for count in found]

    def heartbeat(self, status: WorkerStatus) -> None:
        """Renew this worker's heartbeat."""
        self._gives_early = status.gives_early
        ttl = int(self._policy.heartbeat_ttl_seconds * 1000)
        self._retry.once(
            self._heartbeat,
            keys=[
                *(keys.worker(self._worker_id), keys.workers(self._queue)),
                *(keys.TONES_SHARED, keys.TONE_SHARERS),
            ],
            args=[_encode(status), ttl, self._clock.now(), self._worker_id, self._ahead(status)],
        )

    def _ahead(self, status: WorkerStatus) -> int | str:
        """Return how many messages must be ahead of a due tone task, as heartbeat.lua takes it."""
        if status.queue != keys.INFERENCE:
            return ""
        return self._policy.ahead_of_tones if status.gives_early else 0

    def reclaim_dead(self) -> Reclaimed:
        """Return what workers without a heartbeat held; forget those silent for an hour."""
        return self._retry.once(self._reclaim_dead)

    def leased_tokens(self) -> set[bytes]:
        """Return the tokens of what Redis says this worker holds; raise QueueUnavailable."""
        return set(cast("list[bytes]", self._retry.once(self._redis.hkeys, self._lease_key)))

    def return_leases(self, tokens: Iterable[bytes]) -> int:
        """Put messages that this worker does not know it holds back to the head of the queue."""
        queue = keys.RETURN_QUEUES.get(self._queue, self._queue)
        newest_first = sorted(tokens, key=int, reverse=True)
        names = cast("list[str]", newest_first)
        held = cast(
            "list[bytes | None]", self._retry.once(self._redis.hmget, self._lease_key, names)
        )
        args = [
            part
            for token, raw in zip(newest_first, held, strict=True)
            for part in (token, tenants.tenant_of(peek_id(raw or b"") or ""), "")
        ]
        used = [self._lease_key, queue]
        returned: int = self._retry.once(self._give_back, keys=used, args=args)
        return returned

    def release_all(self) -> int:
        """Return all that this worker holds, uncounted, and end its heartbeat.

        Other workers go on to reclaim from it for a while: a call of its that was held up on the
        way may take a message yet.
        """
        return self._retry.once(self._release_all)

    def _reclaim_dead(self) -> Reclaimed:
        returned = 0
        over_limit: dict[bytes, Lease] = {}  # by token: each call lists all not yet ended
        long_ago = self._clock.now() - self._policy.forget_worker_seconds
        for queue in dict.fromkeys((*keys.QUEUES, self._queue)):
            for worker_id in self._dead_workers(queue):
                report = self._take_from(worker_id, queue, self._policy.deliveries)
                returned += report[0]
                over_limit |= {lease.token: lease for lease in _leases(report[1:])}
            self._redis.zremrangebyscore(keys.workers(queue), "-inf", long_ago)
        return Reclaimed(returned, tuple(over_limit.values()))

    def _release_all(self) -> int:
        returned: int = self._take_from(self._worker_id, self._queue, 0)[0]
        self._redis.delete(keys.worker(self._worker_id))
        return returned

    def _dead_workers(self, queue: str) -> list[str]:
        known = cast("list[bytes]", self._redis.zrange(keys.workers(queue), 0, -1))
        names = [name.decode() for name in known if name.decode() != self._worker_id]
        heartbeats = [keys.worker(name) for name in names]
        # Mostly all live: each worker reading what all others report, each second, would add up.
        if not names or self._redis.exists(*heartbeats) == len(names):
            return []
        beats = cast("list[bytes | None]", self._redis.mget(heartbeats))
        return [name for name, beat in zip(names, beats, strict=True) if beat is None]

    def _take_from(self, worker_id: str, queue: str, deliveries: int) -> list[Any]:
        queue = keys.RETURN_QUEUES.get(queue, queue)
        report: list[Any] = self._reclaim(
            keys=[
                keys.lease(worker_id),
                keys.handoff(worker_id),
                queue,
                self._lease_key,
                keys.LEASE_TOKEN,
                keys.quarantine(queue),
                keys.exhausted(self._worker_id),
            ],
            args=[deliveries, self._policy.job_ttl_seconds, int(queue == self._queue)],
        )
        return report

    def _acked_script(self, name: str) -> Script:
        """Return a script whose calls wait for replicas, if the policy asks for any."""
        return register_acked_script(self._redis, name, self._acks, _ALLOW_OUT_OF_MEMORY)

    def _script(self, name: str) -> Script:
        return register_script(self._redis, name, _ALLOW_OUT_OF_MEMORY)


def _leases(flat: Sequence[bytes]) -> list[Lease]:
    return [Lease(flat[i], flat[i + 1]) for i in range(0, len(flat), 2)]


def encode_dead_letter(letter: DeadLetter | None) -> bytes:
    """Return a dead letter as it is stored, or nothing for none."""
    return _encode(letter) if letter else b""

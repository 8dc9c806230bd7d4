"""One queue over all partitions: a queue of each, asked in a fair order.

No call waits for a partition that cannot be reached, so that the others go on while a master fails
over: what is leased there and not claimed yet comes again with a later lease, and what is completed
there is *postponed*, and completed again soon.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from shared.errors import QueueUnavailable
from shared.partitions import index_of
from shared.worker_status import WorkerStatus
from workers.consumer.held_leases import HeldLeases
from workers.consumer.lease_queue import (
    ClaimResult,
    Completion,
    CompletionVerdict,
    JobT,
    Lease,
    LeasedJob,
    LeaseQueue,
    Reclaimed,
    ResultT,
)
from workers.consumer.partition_news import PartitionNews
from workers.consumer.partition_routing import (
    call_grouped,
    partition_of,
    unmark,
)
from workers.consumer.redis_lease_queue import BUSY_SECONDS

RECLAIM_ROUNDS = 3  # each heartbeat looks after a third of the partitions
Item = TypeVar("Item")
Result = TypeVar("Result")


class PartQueue(LeaseQueue[JobT, ResultT], Protocol[JobT, ResultT]):
    """The queue of one partition, whose calls all try once."""

    is_busy: bool
    is_alone: bool

    def lease(self, limit: int, *, holds_others: bool = False) -> list[Lease]:
        """Take messages; `is_busy` and `is_alone` then say what RedisLeaseQueue says."""

    def leased_tokens(self) -> set[bytes]:
        """Return the tokens of what Redis says this worker holds."""

    def return_leases(self, tokens: Iterable[bytes]) -> int:
        """Put messages that this worker does not know it holds back to the head of the queue."""


QueueT = TypeVar("QueueT", bound=PartQueue[Any, Any])


class PartitionedQueue(Generic[JobT, ResultT, QueueT]):
    """A worker's view of one queue. A lease's token says of which partition it is. Thread-safe."""

    def __init__(self, queues: Sequence[QueueT], news: PartitionNews) -> None:
        self._queues = queues
        self._news = news
        self._lock = threading.Lock()
        self._held = HeldLeases()
        self._alone: bytes | None = None
        self._urgent: int | None = None
        self._unclaimed: list[Lease] = []
        self._homes: dict[str, int] = {}  # by task: Celery clients' ids say nothing
        self._reclaim_round = 0
        self._sample = 0

    def wait(self, timeout_seconds: float) -> None:
        """Block until a partition may hold a message, or the timeout."""
        if self._is_alone() or self._urgent is not None:
            time.sleep(min(BUSY_SECONDS, timeout_seconds))
        else:
            self._news.wait(timeout_seconds)

    def lease(self, limit: int) -> list[Lease]:
        """Take up to `limit` messages, partition by partition; from one thread only."""
        if self._is_alone():
            return []
        leases = self._take_unclaimed(limit)
        for index in self._in_turn():
            if len(leases) >= limit:
                break
            leases += self._take(index, limit - len(leases))
            if self._alone is not None or self._urgent is not None:
                break
        return leases

    def _in_turn(self) -> list[int]:
        """Return the partitions to ask; only one if a message there waits for this worker alone."""
        return self._news.in_turn() if self._urgent is None else [self._urgent]

    def _take(self, index: int, limit: int) -> list[Lease]:
        queue, self._urgent = self._queues[index], None
        self._news.looked_at(index)  # before the call: what comes during it is news again
        try:
            taken = queue.lease(limit, holds_others=self._held.holds_outside(index))
        except QueueUnavailable:
            self._news.rest(index)
            return []
        leases = self._held.hold(index, taken)
        if queue.is_alone:
            self._alone = leases[0].token
        if queue.is_busy:  # its message is to be held alone: no other is taken until it can be
            self._urgent = index
        if len(leases) == limit or queue.is_busy or queue.is_alone:  # there may be more
            self._news.add((index,))
        return leases

    def _take_unclaimed(self, limit: int) -> list[Lease]:
        """Return what is leased but could not be claimed, of partitions that may be back."""
        with self._lock:
            again = [each for each in self._unclaimed if not self._rests(each.token)][:limit]
            self._unclaimed = [each for each in self._unclaimed if each not in again]
        return again

    def _rests(self, token: bytes) -> bool:
        return self._news.is_resting(partition_of(token))

    def _is_alone(self) -> bool:
        with self._lock:
            if self._alone is not None and not self._held.holds(self._alone):
                self._alone = None
            return self._alone is not None

    def claim(self, jobs: Sequence[LeasedJob[JobT]]) -> list[ClaimResult]:
        """Decide on each job; those of a partition out of reach are leased again later."""

        def claim(index: int, part: Sequence[LeasedJob[JobT]]) -> list[ClaimResult]:
            own = [replace(each, lease=unmark(each.lease)) for each in part]
            return self._queues[index].claim(own)

        def keep(part: Sequence[LeasedJob[JobT]]) -> list[ClaimResult]:
            with self._lock:
                self._unclaimed += [each.lease for each in part]
            return [_LATER] * len(part)

        results = self._by_partition(jobs, lambda each: each.lease.token, claim, keep, _GONE)
        with self._lock:
            for leased, result in zip(jobs, results, strict=True):
                if result.verdict == "run":
                    self._homes[leased.job.task_id] = partition_of(leased.lease.token)
                elif result.verdict == "parked" and result is not _LATER:
                    self._forget(leased.lease.token, None)
        return results

    def give_back(self, jobs: Sequence[LeasedJob[JobT]]) -> int:
        """Put jobs that this worker cannot work on back, each within its partition."""

        def give_back(index: int, part: Sequence[LeasedJob[JobT]]) -> list[bool]:
            own = [replace(each, lease=unmark(each.lease)) for each in part]
            self._queues[index].give_back(own)
            return [True] * len(part)

        def keep(part: Sequence[LeasedJob[JobT]]) -> list[bool]:
            with self._lock:
                self._unclaimed += [each.lease for each in part]
            return [False] * len(part)

        given = self._by_partition(jobs, lambda each: each.lease.token, give_back, keep, False)
        with self._lock:
            for leased, is_given in zip(jobs, given, strict=True):
                if is_given:
                    self._forget(leased.lease.token, leased.job.task_id)
        return sum(given)

    def complete(self, completions: Sequence[Completion[JobT, ResultT]]) -> list[CompletionVerdict]:
        """Apply each job's effects exactly once, those of a partition in one atomic step."""

        def complete(
            index: int, part: Sequence[Completion[JobT, ResultT]]
        ) -> list[CompletionVerdict]:
            own = [replace(each, lease=unmark(each.lease)) for each in part]
            verdicts: list[CompletionVerdict] = self._queues[index].complete(own)
            return verdicts

        def postpone(part: Sequence[Completion[JobT, ResultT]]) -> list[CompletionVerdict]:
            return ["postponed"] * len(part)

        verdicts: list[CompletionVerdict] = self._by_partition(
            completions, _token_of, complete, postpone, "lost"
        )
        with self._lock:
            for completion, verdict in zip(completions, verdicts, strict=True):
                if completion.lease.token == self._alone:
                    self._alone = None  # this worker has outlived it, wherever its end is stored
                if verdict != "postponed":
                    self._forget(completion.lease.token, completion.task_id)
        return verdicts

    def deliveries(self, task_ids: Sequence[str]) -> list[int]:
        """Return how often each message was delivered; raise QueueUnavailable."""
        return call_grouped(
            task_ids, self._home_of, lambda index, part: self._queues[index].deliveries(part)
        )

    def _home_of(self, task_id: str) -> int:
        home = self._homes.get(task_id)
        return index_of(task_id, max(1, len(self._queues) - 1)) if home is None else home

    def _forget(self, token: bytes, task_id: str | None) -> None:
        self._held.forget(token)
        if task_id is not None:
            self._homes.pop(task_id, None)

    def hasten(self, task_ids: Sequence[str]) -> None:
        """Make what is kept until later due at once, wherever it can be reached."""
        self._each(lambda queue: queue.hasten(task_ids))

    def heartbeat(self, status: WorkerStatus) -> None:
        """Report to every partition that this worker lives."""
        self._each(lambda queue: queue.heartbeat(status))

    def reclaim_dead(self) -> Reclaimed:
        """Return what dead workers held in some partitions; in all within RECLAIM_ROUNDS calls."""
        first, self._reclaim_round = self._reclaim_round, (self._reclaim_round + 1) % RECLAIM_ROUNDS
        returned, over_limit = 0, []
        for index in range(first, len(self._queues), RECLAIM_ROUNDS):
            try:
                reclaimed = self._queues[index].reclaim_dead()
                returned += self._return_strange(index)
            except QueueUnavailable:
                self._news.rest(index)
                continue
            returned += reclaimed.returned
            over_limit += self._held.hold(index, reclaimed.over_limit)
        return Reclaimed(returned, tuple(over_limit))

    def _return_strange(self, index: int) -> int:
        """Return what Redis says this worker holds and it does not know."""
        strange = self._held.strange(index, self._queues[index].leased_tokens())
        return self._queues[index].return_leases(strange) if strange else 0

    def release_all(self) -> int:
        """Return all that this worker holds, and end its heartbeats."""
        return sum(self._each(lambda queue: queue.release_all()))

    def _each(self, call: Callable[[QueueT], Result]) -> list[Result]:
        """Return what the queues say that can be reached; raise QueueUnavailable if none can.

        What is to be done next for the others must not wait for one that is away.
        """
        results, failure = [], None
        for index, queue in enumerate(self._queues):
            try:
                results.append(call(queue))
            except QueueUnavailable as error:  # the queue logs it
                self._news.rest(index)
                failure = error
        if failure is not None and not results:
            raise failure
        return results

    def _by_partition(
        self,
        items: Sequence[Item],
        token_of: Callable[[Item], bytes],
        call: Callable[[int, Sequence[Item]], Sequence[Result]],
        without: Callable[[Sequence[Item]], Sequence[Result]],
        gone: Result,
    ) -> list[Result]:
        """Call each partition for its items; `without` stands in for one that cannot be reached.

        `gone` is the result of an item whose token Redis has given for another message since.
        """
        is_held = [self._held.holds(token_of(item)) for item in items]
        results = iter(
            call_grouped(
                [item for item, held in zip(items, is_held, strict=True) if held],
                lambda item: partition_of(token_of(item)),
                lambda index, part: self._try(index, part, call, without),
            )
        )
        return [next(results) if held else gone for held in is_held]

    def _try(
        self,
        index: int,
        part: Sequence[Item],
        call: Callable[[int, Sequence[Item]], Sequence[Result]],
        without: Callable[[Sequence[Item]], Sequence[Result]],
    ) -> Sequence[Result]:
        if self._news.is_resting(index):
            return without(part)
        try:
            return call(index, part)
        except QueueUnavailable:
            self._news.rest(index)
            return without(part)


def _token_of(completion: Completion[Any, Any]) -> bytes:
    return completion.lease.token


_LATER = ClaimResult("parked")  # by identity: it is leased again
_GONE = ClaimResult("parked")

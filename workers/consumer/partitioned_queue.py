"""One queue over all partitions: a queue of each, asked in a fair order.

No call waits for a partition that cannot be reached, so that the others go on while a master fails
over: what is leased there and not claimed yet comes again with a later lease, and what is completed
there is *postponed*, and completed again soon.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, Tone, ToneJob, WorkerStatus
from shared.partitions import index_of
from workers.consumer.chat_result import ChatResult
from workers.consumer.lease_queue import (
    ClaimResult,
    Completion,
    CompletionVerdict,
    HandOver,
    HandOverVerdict,
    JobT,
    Lease,
    LeasedJob,
    LeaseQueue,
    Reclaimed,
    ResultT,
)
from workers.consumer.partition_news import PartitionNews
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.consumer.redis_lease_queue import BUSY_SECONDS, Taken
from workers.consumer.redis_sentiment_queue import RedisSentimentQueue

RECLAIM_ROUNDS = 3  # each heartbeat looks after a third of the partitions
Item = TypeVar("Item")
Result = TypeVar("Result")
QueueT = TypeVar("QueueT", bound="PartQueue[Any, Any]")


class PartQueue(LeaseQueue[JobT, ResultT], Protocol[JobT, ResultT]):
    """The queue of one partition, whose calls all try once."""

    def take(self, limit: int, *, holds_others: bool = False) -> Taken:
        """Lease; tell whether this worker must first end what it holds, of other partitions too."""


class PartitionedQueue(Generic[JobT, ResultT, QueueT]):
    """A worker's view of one queue. A lease's token says of which partition it is. Thread-safe."""

    def __init__(self, queues: Sequence[QueueT], news: PartitionNews) -> None:
        self._queues = queues
        self._news = news
        self._lock = threading.Lock()
        self._held: set[bytes] = set()
        self._alone: bytes | None = None
        self._unclaimed: list[Lease] = []
        self._homes: dict[str, int] = {}  # by task: Celery clients' ids say nothing
        self._reclaim_round = 0
        self._sample = 0

    def wait(self, timeout_seconds: float) -> None:
        """Block until a partition may hold a message, or the timeout."""
        if self._is_alone():
            time.sleep(min(BUSY_SECONDS, timeout_seconds))
        else:
            self._news.wait(timeout_seconds)

    def lease(self, limit: int) -> list[Lease]:
        """Take up to `limit` messages, partition by partition; from one thread only."""
        if self._is_alone():
            return []
        leases = self._take_unclaimed(limit)
        for index in self._news.in_turn():
            if len(leases) >= limit:
                break
            taken = self._take(index, limit - len(leases), holds_others=self._holds_others(index))
            leases += taken
            if self._alone is not None:
                break
        return leases

    def _take(self, index: int, limit: int, *, holds_others: bool) -> list[Lease]:
        self._news.looked_at(index)  # before the call: what comes during it is news again
        try:
            taken = self._queues[index].take(limit, holds_others=holds_others)
        except QueueUnavailable:
            self._news.rest(index)
            return []
        leases = [replace(lease, token=_mark(index, lease.token)) for lease in taken.leases]
        with self._lock:
            self._held.update(lease.token for lease in leases)
            if taken.is_alone:
                self._alone = leases[0].token
        if len(leases) == limit or taken.is_busy:
            self._news.add((index,))
        return leases

    def _take_unclaimed(self, limit: int) -> list[Lease]:
        """Return what is leased but could not be claimed, of partitions that may be back."""
        with self._lock:
            again = [each for each in self._unclaimed if not self._rests(each.token)][:limit]
            self._unclaimed = [each for each in self._unclaimed if each not in again]
        return again

    def _rests(self, token: bytes) -> bool:
        return self._news.is_resting(_index(token))

    def _is_alone(self) -> bool:
        with self._lock:
            if self._alone is not None and self._alone not in self._held:
                self._alone = None
            return self._alone is not None

    def _holds_others(self, index: int) -> bool:
        with self._lock:
            return any(_index(token) != index for token in self._held)

    def claim(self, jobs: Sequence[LeasedJob[JobT]]) -> list[ClaimResult]:
        """Decide on each job; those of a partition out of reach are leased again later."""

        def claim(index: int, part: Sequence[LeasedJob[JobT]]) -> list[ClaimResult]:
            own = [replace(each, lease=_unmarked(each.lease)) for each in part]
            return self._queues[index].claim(own)

        def keep(part: Sequence[LeasedJob[JobT]]) -> list[ClaimResult]:
            with self._lock:
                self._unclaimed += [each.lease for each in part]
            return [_LATER] * len(part)

        results = self._by_partition(jobs, lambda each: each.lease.token, claim, keep)
        with self._lock:
            for leased, result in zip(jobs, results, strict=True):
                if result.verdict == "run":
                    self._homes[leased.job.task_id] = _index(leased.lease.token)
                elif result.verdict == "parked" and result is not _LATER:
                    self._held.discard(leased.lease.token)
        return results

    def complete(self, completions: Sequence[Completion[JobT, ResultT]]) -> list[CompletionVerdict]:
        """Apply each job's effects exactly once, those of a partition in one atomic step."""

        def complete(
            index: int, part: Sequence[Completion[JobT, ResultT]]
        ) -> list[CompletionVerdict]:
            own = [replace(each, lease=_unmarked(each.lease)) for each in part]
            verdicts: list[CompletionVerdict] = self._queues[index].complete(own)
            return verdicts

        def postpone(part: Sequence[Completion[JobT, ResultT]]) -> list[CompletionVerdict]:
            return ["postponed"] * len(part)

        verdicts = self._by_partition(
            completions, lambda each: each.lease.token, complete, postpone
        )
        with self._lock:
            for completion, verdict in zip(completions, verdicts, strict=True):
                if verdict != "postponed":
                    self._forget(completion.lease.token, completion.task_id)
        return verdicts

    def _forget(self, token: bytes, task_id: str | None) -> None:
        self._held.discard(token)
        if task_id is not None:
            self._homes.pop(task_id, None)

    def hasten(self, task_ids: Sequence[str]) -> None:
        """Make what is kept until later due at once, wherever it is."""
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
            except QueueUnavailable:
                self._news.rest(index)
                continue
            returned += reclaimed.returned
            over_limit += [
                replace(each, token=_mark(index, each.token)) for each in reclaimed.over_limit
            ]
        return Reclaimed(returned, tuple(over_limit))

    def release_all(self) -> int:
        """Return all that this worker holds, and end its heartbeats."""
        return sum(self._each(lambda queue: queue.release_all()))

    def _each(self, call: Callable[[QueueT], Result]) -> list[Result]:
        """Call the queues of all partitions, also after a failure; raise it in the end."""
        results, failure = [], None
        for index, queue in enumerate(self._queues):
            try:
                results.append(call(queue))
            except QueueUnavailable as error:
                self._news.rest(index)
                failure = error
        if failure is not None:
            raise failure
        return results

    def _by_partition(
        self,
        items: Sequence[Item],
        token_of: Callable[[Item], bytes],
        call: Callable[[int, Sequence[Item]], Sequence[Result]],
        without: Callable[[Sequence[Item]], Sequence[Result]],
    ) -> list[Result]:
        """Call each partition for its items; `without` stands in for one that cannot be reached."""
        return _grouped(
            items,
            lambda item: _index(token_of(item)),
            lambda index, part: self._try(index, part, call, without),
        )

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


class PartitionedInferenceQueue(PartitionedQueue[ChatJob, ChatResult, RedisInferenceQueue]):
    """A queue of chat jobs; also gives the tones of its jobs, and takes second looks."""

    def tones(self, job_ids: Sequence[str]) -> Mapping[str, Tone]:
        """Return the tones that are known, or can't come; ask to be sent the others."""
        found: dict[str, Tone] = {}
        for index, part in _groups(job_ids, self._home_of).items():
            asked = [job_ids[place] for place in part]
            if self._news.is_resting(index):
                continue
            try:
                found |= self._queues[index].tones(asked)
            except QueueUnavailable:
                self._news.rest(index)
        return found

    def subscribe_tones(self, on_tone: Callable[[str, Tone], None]) -> Callable[[], None]:
        """Listen on one channel: the whole cluster hears what is published."""
        return self._queues[0].subscribe_tones(on_tone)

    def hand_over(self, jobs: Sequence[HandOver[ChatJob]]) -> list[HandOverVerdict]:
        """Hand jobs over for a second look, each within its partition."""

        def hand_over(index: int, part: Sequence[HandOver[ChatJob]]) -> list[HandOverVerdict]:
            own = [
                replace(each, leased=replace(each.leased, lease=_unmarked(each.leased.lease)))
                for each in part
            ]
            return self._queues[index].hand_over(own)

        def stay(part: Sequence[HandOver[ChatJob]]) -> list[HandOverVerdict]:
            return ["late"] * len(part)

        verdicts = self._by_partition(jobs, lambda each: each.leased.lease.token, hand_over, stay)
        with self._lock:
            for each, verdict in zip(jobs, verdicts, strict=True):
                if verdict == "handed":
                    self._forget(each.leased.lease.token, each.leased.job.task_id)
        return verdicts

    def _home_of(self, job_id: str) -> int:
        home = self._homes.get(job_id)
        return index_of(job_id, max(1, len(self._queues) - 1)) if home is None else home


class PartitionedSentimentQueue(PartitionedQueue[ToneJob, Tone, RedisSentimentQueue]):
    """A queue of tone tasks."""

    def answers_waiting(self) -> int:
        """Guess how many messages wait for an inference worker, by one partition at a time."""
        self._sample = (self._sample + 1) % len(self._queues)
        return len(self._queues) * self._queues[self._sample].answers_waiting()


def _token_of(completion: Completion[Any, Any]) -> bytes:
    return completion.lease.token


def _mark(index: int, token: bytes) -> bytes:
    return b"%d/%s" % (index, token)


def _index(token: bytes) -> int:
    return int(token.partition(b"/")[0])


def _unmarked(lease: Lease) -> Lease:
    return replace(lease, token=lease.token.partition(b"/")[2])


_LATER = ClaimResult("parked")


def _groups(items: Iterable[Item], index_of_item: Callable[[Item], int]) -> dict[int, list[int]]:
    """Return the places of items by partition."""
    places: defaultdict[int, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        places[index_of_item(item)].append(place)
    return places


def _grouped(
    items: Sequence[Item],
    index_of_item: Callable[[Item], int],
    call: Callable[[int, Sequence[Item]], Sequence[Result]],
) -> list[Result]:
    """Return a result for each item, in order, from one call a partition."""
    found: dict[int, Result] = {}
    for index, places in _groups(items, index_of_item).items():
        results = call(index, [items[place] for place in places])
        found |= dict(zip(places, results, strict=True))
    return [found[place] for place in range(len(items))]

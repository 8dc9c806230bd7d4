"""A queue over partitions: fair turns, tokens, and partitions that cannot be reached."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest

from shared.errors import QueueUnavailable
from shared.jobs import ChatJob
from shared.worker_status import WorkerStatus
from tests.fakes.clock import ManualClock
from workers.consumer.chat_result import ChatResult
from workers.consumer.commit import Committer
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import (
    ClaimResult,
    Completion,
    CompletionVerdict,
    Lease,
    LeasedJob,
    Reclaimed,
)
from workers.consumer.partition_news import REST_SECONDS, SWEEP_SECONDS, PartitionNews
from workers.consumer.partitioned_queue import PartitionedQueue


@dataclass
class FakePart:
    """One partition's queue: messages that wait, and what is leased by token."""

    waiting: list[bytes] = field(default_factory=list)
    leased: dict[bytes, bytes] = field(default_factory=dict)
    completed: list[bytes] = field(default_factory=list)
    asked: list[bool] = field(default_factory=list)
    away: bool = False
    alone: bool = False
    tokens: int = 100
    is_busy: bool = False
    is_alone: bool = False

    def _check(self) -> None:
        if self.away:
            raise QueueUnavailable("away")

    def lease(self, limit: int, *, holds_others: bool = False) -> list[Lease]:
        self._check()
        self.asked.append(holds_others)
        self.is_busy, self.is_alone = self.alone and holds_others, False
        if self.is_busy:
            return []
        leases = []
        for _ in range(min(limit, len(self.waiting))):
            self.tokens += 1
            token = b"%d" % self.tokens
            self.leased[token] = self.waiting.pop(0)
            leases.append(Lease(token, self.leased[token]))
        self.is_alone = self.alone and bool(leases)
        return leases

    def claim(self, jobs: Sequence[LeasedJob[ChatJob]]) -> list[ClaimResult]:
        self._check()
        return [ClaimResult("run") for _ in jobs]

    def complete(
        self, completions: Sequence[Completion[ChatJob, ChatResult]]
    ) -> list[CompletionVerdict]:
        self._check()
        self.completed += [self.leased.pop(each.lease.token) for each in completions]
        return ["applied"] * len(completions)

    def give_back(self, jobs: Sequence[LeasedJob[ChatJob]]) -> int:
        self._check()
        self.waiting = [self.leased.pop(each.lease.token) for each in jobs] + self.waiting
        return len(jobs)

    def deliveries(self, task_ids: Sequence[str]) -> list[int]:
        return [1 for _ in task_ids]

    def leased_tokens(self) -> set[bytes]:
        return set(self.leased)

    def return_leases(self, tokens: Iterable[bytes]) -> int:
        gone = [self.leased.pop(token) for token in sorted(tokens)]
        self.waiting = gone + self.waiting
        return len(gone)

    def reclaim_dead(self) -> Reclaimed:
        self._check()
        return Reclaimed()

    def heartbeat(self, status: WorkerStatus) -> None:
        self._check()

    def hasten(self, task_ids: Sequence[str]) -> None:
        self._check()

    def release_all(self) -> int:
        self._check()
        return len(self.leased)

    def wait(self, timeout_seconds: float) -> None:
        raise AssertionError("nobody waits for one partition")


class Stand:
    """Three partitions and a worker's queue over them."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.parts = [FakePart(), FakePart(), FakePart()]
        self.news = PartitionNews(["{a}", "{b}", "{c}"], self.clock)
        self.queue: PartitionedQueue[ChatJob, ChatResult, FakePart] = PartitionedQueue(
            self.parts, self.news
        )

    def completion(self, lease: Lease) -> Completion[ChatJob, ChatResult]:
        return Completion(lease=lease, job=None, task_id="t", done_at=0.0)

    def leased(self, lease: Lease) -> LeasedJob[ChatJob]:
        return LeasedJob(lease, ChatJob("t", "hi", "c", 0.0))


def test_each_lease_begins_with_another_partition() -> None:
    stand = Stand()
    for name, part in zip(b"abc", stand.parts, strict=True):
        part.waiting = [b"%c%d" % (name, number) for number in range(3)]
    taken = [[lease.raw for lease in stand.queue.lease(2)] for _ in range(3)]
    assert taken == [[b"a0", b"a1"], [b"b0", b"b1"], [b"c0", b"c1"]]
    assert [lease.raw for lease in stand.queue.lease(9)] == [b"a2", b"b2", b"c2"]


def test_an_empty_partition_is_asked_again_once_there_is_news_or_the_time_for_a_sweep() -> None:
    stand = Stand()
    assert stand.queue.lease(5) == []
    assert stand.queue.lease(5) == []
    assert [len(part.asked) for part in stand.parts] == [1, 1, 1]
    stand.news.hear(b"{b}")
    stand.news.hear(b"{unknown}")
    stand.parts[1].waiting = [b"x"]
    assert [lease.raw for lease in stand.queue.lease(5)] == [b"x"]
    assert [len(part.asked) for part in stand.parts] == [1, 2, 1]
    stand.clock.advance(SWEEP_SECONDS)
    stand.queue.lease(5)
    assert [len(part.asked) for part in stand.parts] == [2, 3, 2]


def test_equal_tokens_of_two_partitions_are_told_apart() -> None:
    stand = Stand()
    stand.parts[0].waiting, stand.parts[1].waiting = [b"a"], [b"b"]
    first, second = stand.queue.lease(5)
    assert first.token != second.token
    assert stand.queue.complete([stand.completion(second)]) == ["applied"]
    assert (stand.parts[0].completed, stand.parts[1].completed) == ([], [b"b"])
    assert stand.queue.complete([stand.completion(second)]) == ["lost"]


def test_the_others_go_on_while_one_partition_cannot_be_reached() -> None:
    stand = Stand()
    stand.parts[0].away, stand.parts[1].waiting = True, [b"b"]
    assert [lease.raw for lease in stand.queue.lease(5)] == [b"b"]


def test_what_cannot_be_completed_is_completed_with_the_next_commit() -> None:
    stand = Stand()
    stand.parts[0].waiting, stand.parts[1].waiting = [b"a"], [b"b"]
    context = WorkerContext("w", clock=stand.clock)
    committer = Committer(context, stand.queue, "task")
    leases = stand.queue.lease(5)
    stand.parts[0].away = True
    committer.commit([stand.completion(lease) for lease in leases])
    assert [part.completed for part in stand.parts] == [[], [b"b"], []]
    assert context.counters.snapshot()["lost_leases"] == 0
    stand.parts[0].away = False
    committer.commit([])  # too soon: it rests
    assert stand.parts[0].completed == []
    stand.clock.advance(REST_SECONDS)
    committer.commit([])
    assert stand.parts[0].completed == [b"a"]


def test_what_cannot_be_claimed_is_leased_again() -> None:
    stand = Stand()
    stand.parts[2].waiting = [b"c"]
    (lease,) = stand.queue.lease(5)
    stand.parts[2].away = True
    assert stand.queue.claim([stand.leased(lease)])[0].verdict == "parked"
    assert stand.queue.lease(5) == []
    stand.parts[2].away = False
    stand.clock.advance(REST_SECONDS)
    assert stand.queue.lease(5) == [lease]
    assert stand.queue.claim([stand.leased(lease)])[0].verdict == "run"


def test_a_message_that_workers_died_with_is_held_alone() -> None:
    stand = Stand()
    stand.parts[0].waiting, stand.parts[1].waiting = [b"a"], [b"deadly"]
    stand.parts[1].alone = True
    (lease,) = stand.queue.lease(1)
    assert stand.queue.lease(5) == []  # it holds another message
    stand.queue.complete([stand.completion(lease)])
    stand.parts[2].waiting = [b"c"]
    stand.news.hear_all()
    (deadly,) = stand.queue.lease(1)
    assert deadly.raw == b"deadly"
    assert stand.queue.lease(5) == []
    stand.queue.complete([stand.completion(deadly)])
    stand.news.hear_all()
    assert [lease.raw for lease in stand.queue.lease(5)] == [b"c"]


def test_what_was_held_alone_and_cannot_be_stored_holds_no_worker_up() -> None:
    stand = Stand()
    stand.parts[1].waiting, stand.parts[1].alone = [b"deadly"], True
    (deadly,) = stand.queue.lease(1)
    stand.parts[1].away, stand.parts[2].waiting = True, [b"c"]
    assert stand.queue.complete([stand.completion(deadly)]) == ["postponed"]
    stand.news.hear_all()
    assert [lease.raw for lease in stand.queue.lease(5)] == [b"c"]


def test_a_lease_that_redis_has_and_the_worker_does_not_know_is_given_back() -> None:
    stand = Stand()
    stand.parts[0].waiting = [b"a"]
    (lease,) = stand.queue.lease(5)
    stand.queue.complete([stand.completion(lease)])
    stand.parts[0].leased[b"101"] = b"a"  # after a fail-over, its end is not known
    returned = [stand.queue.reclaim_dead().returned for _ in range(6)]
    assert sum(returned) == 1
    assert returned[:3] == [0, 0, 0]  # it might have been on its way
    assert stand.parts[0].waiting == [b"a"]


def test_a_token_that_redis_gives_twice_ends_the_newer_message_alone() -> None:
    stand = Stand()
    stand.parts[0].waiting = [b"first"]
    (old,) = stand.queue.lease(5)
    stand.parts[0].leased.clear()  # after a fail-over, neither lease nor token is known
    stand.parts[0].tokens, stand.parts[0].waiting = 100, [b"second"]
    stand.news.hear_all()
    (new,) = stand.queue.lease(5)
    assert stand.queue.complete([stand.completion(old)]) == ["lost"]
    assert stand.queue.complete([stand.completion(new)]) == ["applied"]
    assert stand.parts[0].completed == [b"second"]


def test_a_partition_that_is_away_keeps_no_worker_from_reclaiming_in_the_others() -> None:
    stand = Stand()
    worker = WorkerStatus("w", "inference", "fake", 1, "host", 0.0)
    stand.parts[1].away = True
    stand.queue.heartbeat(worker)
    stand.queue.hasten(["t"])
    assert stand.queue.release_all() == 0
    for part in stand.parts:
        part.away = True
    with pytest.raises(QueueUnavailable):
        stand.queue.heartbeat(worker)


def test_news_of_a_partition_that_rests_is_no_reason_to_look() -> None:
    stand = Stand()
    stand.queue.lease(5)
    stand.parts[0].away = True
    stand.news.hear(b"{a}")
    stand.queue.lease(5)
    stand.news.hear(b"{a}")
    began_at = time.monotonic()
    stand.queue.wait(0.02)
    assert time.monotonic() - began_at >= 0.02

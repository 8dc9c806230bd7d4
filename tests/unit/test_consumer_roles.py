"""What every role does alike: events, counters and dead letters follow from the verdict.

Each test runs for both roles. The copies of this behaviour that inference and sentiment once had
differed: a lost lease was reported as succeeded, a failed classification too, a lost tone counted
as answered, an expired tone was reported before it was stored and without its reason, and a tone's
dead letter was not reported at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from shared.jobs import ChatJob
from shared.wire import encode_infer, encode_tone
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import FakeQueue, chat_role, tone_role
from tests.fakes.task_events import RecordedEvents
from tests.support.stock_message import stock_message
from workers.consumer.commit import Committer
from workers.consumer.complete import Completer
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import CompletionVerdict, DeadLetter, Lease
from workers.consumer.prepare import Preparer
from workers.consumer.role import Role
from workers.consumer.task_events import TaskEvent


@dataclass
class Worker:
    """Preparer and completer of one role over a recording queue."""

    role: Role[Any, Any]
    encode: Callable[[ChatJob], bytes]
    prefix: str

    def __post_init__(self) -> None:
        self.clock, self.queue, self.events = ManualClock(), FakeQueue(), RecordedEvents()
        self.revoked: set[str] = set()
        self.context = WorkerContext(
            "w", events=self.events, clock=self.clock, is_revoked=self.revoked.__contains__
        )
        committer: Committer[Any, Any] = Committer(self.context, self.queue, self.role.task)
        self.preparer: Preparer[Any, Any] = Preparer(self.context, self.role, self.queue, committer)
        self.completer: Completer[Any, Any] = Completer(self.context, self.role, committer)

    def task_id(self, name: str) -> str:
        return self.prefix + name

    def lease(self, *names: str, message: str = "two words", **fields: Any) -> list[Lease]:
        jobs = [ChatJob(name, message, f"c-{name}", self.clock.now(), **fields) for name in names]
        return self.queue.push(*map(self.encode, jobs))

    def prepare(self, *names: str, **fields: Any) -> list[PreparedJob[Any]]:
        return self.preparer.prepare(self.lease(*names, **fields))

    def run(self, *names: str, fault: Exception | None = None) -> None:
        prepared = self.prepare(*names)
        now, vectors = self.clock.monotonic(), np.zeros((len(prepared), 2), np.float32)
        self.completer.put(BatchResult(tuple(prepared), vectors, now, now, fault))
        self.completer.step(0.0)

    def ends(self) -> Sequence[TaskEvent]:
        return [event for event in self.events.emitted if event.kind != "received"]

    def counted(self, *names: str) -> tuple[float, ...]:
        counters = self.context.counters.snapshot()
        return tuple(counters.get(name, 0) for name in names)

    def letters(self) -> list[DeadLetter]:
        return [each.dead_letter for each in self.queue.completed if each.dead_letter]


@pytest.fixture(params=["inference", "sentiment"])
def worker(request: pytest.FixtureRequest) -> Worker:
    if request.param == "inference":
        return Worker(chat_role(), encode_infer, "")
    return Worker(tone_role(), encode_tone, "tone-")


def test_an_applied_result_is_reported_as_succeeded_with_its_times(worker: Worker) -> None:
    worker.run("a")
    (event,) = worker.ends()
    assert (event.kind, event.task_id) == ("succeeded", worker.task_id("a"))
    assert event.received_at == event.started_at == worker.clock.now()
    assert event.fault == ""
    assert worker.counted("answered", "dead_letters", "lost_leases") == (1, 0, 0)


@pytest.mark.parametrize(
    ("verdict", "kinds", "counter"),
    [("lost", [], "lost_leases"), ("duplicate", ["revoked"], "duplicates")],
)
def test_what_took_no_effect_is_neither_a_success_nor_an_answer(
    worker: Worker, verdict: CompletionVerdict, kinds: list[str], counter: str
) -> None:
    worker.queue.verdicts[worker.task_id("a")] = verdict
    worker.run("a")
    assert [event.kind for event in worker.ends()] == kinds
    assert worker.counted("answered", counter) == (0, 1)


@pytest.mark.parametrize("name", ["bad", "unfinished"])
def test_a_result_that_cannot_be_found_is_reported_as_failed(worker: Worker, name: str) -> None:
    worker.run("a", name)
    kinds = {event.task_id: event.kind for event in worker.ends()}
    assert kinds == {worker.task_id("a"): "succeeded", worker.task_id(name): "failed"}
    assert [letter.id for letter in worker.letters()] == [worker.task_id(name)]
    assert worker.counted("answered", "dead_letters") == (1, 1)


def test_a_fault_of_the_engine_is_reported_as_failed(worker: Worker) -> None:
    worker.run("a", fault=RuntimeError("the engine failed"))
    assert [event.kind for event in worker.ends()] == ["failed"]
    (letter,) = worker.letters()
    assert "the engine failed" in (letter.traceback or "")
    assert (letter.queue, letter.task) == (worker.role.queue, worker.role.task)


def test_a_dead_letter_whose_lease_was_lost_is_not_counted(worker: Worker) -> None:
    worker.queue.verdicts[worker.task_id("bad")] = "lost"
    worker.run("bad")
    assert worker.ends() == []
    assert worker.counted("dead_letters", "lost_leases") == (0, 1)


def test_an_expired_job_never_runs_and_is_reported_as_expired_once_it_is_stored(
    worker: Worker,
) -> None:
    now = worker.clock.now()
    worker.queue.verdicts[worker.task_id("lost")] = "lost"
    assert worker.prepare("late", "lost", expires_at=now) == []
    (event,) = worker.ends()
    assert (event.kind, event.fault, event.task_id) == (
        "revoked",
        "expired",
        worker.task_id("late"),
    )
    assert [each.state for each in worker.queue.completed] == ["expired", "expired"]
    assert worker.letters() == []
    assert len(worker.prepare("good", expires_at=now + 1)) == 1


def test_a_revoked_job_never_runs(worker: Worker) -> None:
    worker.revoked.add(worker.task_id("gone"))
    assert worker.prepare("gone") == []
    assert [(event.kind, event.fault) for event in worker.ends()] == [("revoked", "cancelled")]


def test_a_text_that_cannot_be_prepared_is_a_dead_letter_and_is_reported(worker: Worker) -> None:
    leases = [*worker.lease("a"), *worker.lease("odd", message="poison"), *worker.lease("b")]
    prepared = worker.preparer.prepare(leases)
    assert [job.job.task_id for job in prepared] == [worker.task_id("a"), worker.task_id("b")]
    (letter,) = worker.letters()
    assert "ValueError: poison" in (letter.traceback or "")
    assert [event.kind for event in worker.ends()] == ["failed"]


def test_a_message_over_its_delivery_limit_is_a_dead_letter_and_is_reported(
    worker: Worker,
) -> None:
    worker.preparer.dead_letter(worker.lease("a"), "delivered too often")
    (letter,) = worker.letters()
    assert (letter.id, letter.reason) == (worker.task_id("a"), "delivered too often")
    assert [(event.kind, event.fault) for event in worker.ends()] == [("failed", "dead letter")]


MALFORMED: dict[str, Callable[[str], bytes]] = {
    "empty": lambda _task: b"",
    "cut": lambda _task: b"{",
    "no object": lambda _task: b"[]",
    "no task": lambda _task: b'{"headers": {"id": "x"}}',
    "no argument": lambda task: stock_message(task, args=[]),
    "wrong argument": lambda task: stock_message(task, args=[7]),
    "wrong task": lambda _task: stock_message("chat.other"),
    "huge": lambda task: stock_message(task, args=[{"job_id": "j", "message": "x" * 5_000}]),
    "deep": lambda _task: b"[" * 50_000,
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_malformed_message_is_a_dead_letter_and_the_others_run(
    worker: Worker, fault: str
) -> None:
    raw = MALFORMED[fault](worker.role.task)
    leases = [*worker.lease("a"), *worker.queue.push(raw), *worker.lease("b")]
    assert len(worker.preparer.prepare(leases)) == 2
    (letter,) = worker.letters()
    assert letter.raw == raw
    assert len(letter.reason) > 10


def test_received_is_reported_for_each_readable_message(worker: Worker) -> None:
    worker.preparer.prepare([*worker.lease("a", "b"), *worker.queue.push(b"{")])
    received = [event.task_id for event in worker.events.emitted if event.kind == "received"]
    assert received == [worker.task_id("a"), worker.task_id("b")]


def test_what_was_cancelled_before_it_ran_ended_early_and_is_no_duplicate(worker: Worker) -> None:
    worker.queue.claims[worker.task_id("a")] = "cancelled"
    worker.queue.verdicts[worker.task_id("a")] = "duplicate"
    assert worker.prepare("a") == []
    assert [(event.kind, event.fault) for event in worker.ends()] == [("revoked", "cancelled")]
    assert worker.counted("ended_early", "duplicates") == (1, 0)


def test_what_had_ended_before_is_neither_reported_nor_counted_again(worker: Worker) -> None:
    worker.queue.claims[worker.task_id("a")] = "ended"
    worker.queue.verdicts[worker.task_id("a")] = "duplicate"
    assert worker.prepare("a") == []
    assert worker.ends() == []
    assert worker.counted("ended_early", "duplicates", "answered") == (0, 0, 0)

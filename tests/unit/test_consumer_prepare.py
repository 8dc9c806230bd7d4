"""What the preparer does with chat jobs: claims, order, errors for their clients."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.jobs import ChatJob
from shared.results import encode_failure, failure_detail
from shared.wire import encode_infer
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import FakeQueue, chat_role
from tests.fakes.task_events import RecordedEvents
from tests.support.stock_message import FAULTS, stock_message
from workers.consumer.chat_result import ChatResult
from workers.consumer.commit import Committer
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import PreparedJob
from workers.consumer.lease_queue import ClaimVerdict
from workers.consumer.prepare import Preparer
from workers.consumer.redis_lease_queue import encode_dead_letter


class Harness:
    """A preparer over a recording queue, with a clock that stands still."""

    def __init__(self, is_for_others: Callable[[ChatJob], bool] | None = None) -> None:
        self.clock, self.queue, self.events = ManualClock(), FakeQueue(), RecordedEvents()
        context = WorkerContext("w", events=self.events, clock=self.clock)
        role = replace(chat_role(), is_for_others=is_for_others)
        committer: Committer[ChatJob, ChatResult] = Committer(context, self.queue, role.task)
        self.preparer: Preparer[ChatJob, ChatResult] = Preparer(
            context, role, self.queue, committer
        )

    def message(self, name: str) -> bytes:
        return encode_infer(ChatJob(name, "two words", f"c-{name}", self.clock.now()))

    def prepare(self, *messages: bytes) -> list[PreparedJob[ChatJob]]:
        return self.preparer.prepare(self.queue.push(*messages))


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_good_messages_become_prepared_jobs_in_order(harness: Harness) -> None:
    prepared = harness.prepare(*map(harness.message, "abc"))
    assert [each.job.id for each in prepared] == ["a", "b", "c"]
    assert prepared[0].passages[0].ids == (0, 1)
    assert harness.queue.completed == []


@pytest.mark.parametrize("fault", FAULTS)
def test_the_reason_of_a_malformed_message_is_kept_and_reported(
    harness: Harness, fault: str
) -> None:
    prepared = harness.prepare(harness.message("a"), FAULTS[fault], harness.message("b"))
    assert [each.job.id for each in prepared] == ["a", "b"]
    (end,) = harness.queue.completed
    assert end.dead_letter is not None
    assert end.dead_letter.raw == FAULTS[fault]
    assert len(end.dead_letter.reason) > 10
    assert encode_dead_letter(end.dead_letter)
    assert end.dead_reason == "malformed"


def test_the_client_of_a_malformed_task_gets_the_reason(harness: Harness) -> None:
    harness.prepare(FAULTS["empty message"])
    (end,) = harness.queue.completed
    assert (end.task_id, end.state) == ("id-1", "failed")
    assert end.failure is not None
    assert "message" in end.failure.detail
    assert failure_detail(encode_failure(end.failure)) == end.failure.detail


@pytest.mark.parametrize(
    ("verdict", "ends"), [("parked", []), ("ended", []), ("cancelled", ["revoked"])]
)
def test_a_job_that_may_not_run_is_not_prepared(
    harness: Harness, verdict: ClaimVerdict, ends: list[str]
) -> None:
    harness.queue.claims["a"] = verdict
    harness.queue.verdicts["a"] = "duplicate"
    assert [each.job.id for each in harness.prepare(*map(harness.message, "ab"))] == ["b"]
    kinds = [event.kind for event in harness.events.emitted if event.kind != "received"]
    assert kinds == ends


def test_a_celery_clients_job_is_known_as_external(harness: Harness) -> None:
    (external,) = harness.prepare(stock_message(task_id="mine"))
    (internal,) = harness.prepare(harness.message("a"))
    assert external.job.external
    assert external.job.conversation_id == "mine"
    assert not internal.job.external


def test_what_is_for_others_goes_back_and_is_not_claimed() -> None:
    harness = Harness(is_for_others=lambda job: job.id == "b")
    prepared = harness.prepare(*map(harness.message, "abc"))
    assert [each.job.id for each in prepared] == ["a", "c"]
    assert [each.job.id for each in harness.queue.given_back] == ["b"]
    assert harness.queue.completed == []

"""The batch consumer's own life: it starts and stops whatever Redis does."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.errors import QueueUnavailable
from shared.jobs import ChatJob
from shared.wire import encode_infer
from shared.worker_status import KnowledgeStatus, WorkerStatus
from tests.fakes.consumer import NEUTRAL, FakeQueue, PoisonableEngine, chat_role
from tests.support.processes import wait_until
from workers.consumer.batching import BatchBuffer, BatchLimits
from workers.consumer.chat_result import ChatResult
from workers.consumer.consumer import BatchConsumer
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import Lease, Reclaimed
from workers.consumer.linger import NoLinger
from workers.consumer.options import ConsumerOptions
from workers.preprocessing.preprocessor import Prepared

OPTIONS = ConsumerOptions(BatchLimits(8, 1_024), NoLinger(), lambda: {"cache_entries": 3.0})


UNREAD = (Prepared("two words", (), truncated=False),)


class LateQueue(FakeQueue):
    """A queue that cannot be reached at the first heartbeat."""

    absences = 1

    def heartbeat(self, status: WorkerStatus) -> None:
        if self.absences:
            self.absences -= 1
            raise QueueUnavailable("not there yet")
        super().heartbeat(status)


def consumer_over(
    queue: FakeQueue,
) -> tuple[BatchConsumer[ChatJob, ChatResult], WorkerContext]:
    context = WorkerContext("w")
    role = chat_role(queue)
    return BatchConsumer(context, role, queue, PoisonableEngine(), OPTIONS), context


def test_a_worker_that_starts_while_redis_is_down_serves_once_it_is_up() -> None:
    queue = LateQueue()
    consumer, _ = consumer_over(queue)
    consumer.start()
    assert queue.statuses == []
    wait_until(lambda: bool(queue.statuses), 5)
    consumer.stop()
    assert queue.released == 1


def test_a_paused_worker_leases_nothing_says_so_and_goes_on_when_it_is_told() -> None:
    queue = FakeQueue(known_tones={"a": NEUTRAL})
    consumer, _ = consumer_over(queue)
    consumer.start()
    consumer.pause()
    assert consumer.is_paused
    assert queue.statuses[-1].paused
    queue.push(encode_infer(ChatJob("a", "two words", "c-a", 0.0)))
    beats = len(queue.statuses)
    wait_until(lambda: len(queue.statuses) > beats, 5)
    assert queue.completed == []
    consumer.resume()
    assert not queue.statuses[-1].paused
    wait_until(lambda: len(queue.completed) == 1, 10)
    consumer.stop()


def test_a_message_goes_all_the_way_and_one_over_its_limit_is_ended() -> None:
    queue = FakeQueue(known_tones={"a": NEUTRAL})
    (over,) = queue.push(encode_infer(ChatJob("over", "two words", "c", 0.0)))
    queue.leases.clear()
    queue.reclaimed = Reclaimed(returned=2, over_limit=(over,))
    queue.push(encode_infer(ChatJob("a", "two words", "c-a", 0.0)))
    consumer, context = consumer_over(queue)
    consumer.start()
    wait_until(lambda: len(queue.completed) == 2, 10)
    consumer.stop()
    assert {each.task_id: each.state for each in queue.completed} == {"a": "done", "over": "failed"}
    counters = context.counters.snapshot()
    assert (counters["reclaimed"], counters["dead_letters"], counters["answered"]) == (2, 1, 1)
    assert queue.statuses[-1].counters["cache_entries"] == 3.0
    times = context.stage_times.snapshot()
    assert {sum(each.counts) for each in times.values()} == {1}


class HeldWork:
    """Works on one batch until it is let go."""

    def __init__(self, buffer: BatchBuffer[ChatJob]) -> None:
        self._buffer = buffer
        self.begun, self.let_go = threading.Event(), threading.Event()

    def run(self) -> None:
        while self._buffer.take():
            self.begun.set()
            self.let_go.wait(10)

    def running(self) -> list[str]:
        return []

    def loaded_per_second(self) -> float:
        return 1.0

    def passed(self, messages: int) -> None:
        assert messages

    def batch_messages(self) -> None:
        return None


def test_a_worker_that_stops_says_so_and_lives_until_its_work_is_done() -> None:
    queue, made = FakeQueue(), list[HeldWork]()

    def make_work(
        buffer: BatchBuffer[ChatJob], put: Callable[[BatchResult[ChatJob]], None]
    ) -> HeldWork:
        made.append(HeldWork(buffer))
        return made[0]

    options = replace(OPTIONS, make_work=make_work)
    consumer = BatchConsumer(
        WorkerContext("w"), chat_role(queue), queue, PoisonableEngine(), options
    )
    consumer.start()
    queue.push(encode_infer(ChatJob("a", "two words", "c-a", 0.0)))
    assert made[0].begun.wait(10)
    stop = threading.Thread(target=consumer.stop)
    stop.start()
    wait_until(lambda: sum(each.paused for each in queue.statuses) >= 2, 10)
    assert queue.released == 0
    made[0].let_go.set()
    stop.join(10)
    assert queue.released == 1


class Bases:
    """Knowledge that notes that it has its thread."""

    def __init__(self) -> None:
        self.watching = threading.Event()

    def status(self) -> tuple[KnowledgeStatus, ...]:
        return (KnowledgeStatus(None, "a1b2", 180, 1.0),)

    def run(self) -> None:
        self.watching.set()


def test_the_heartbeat_names_the_bases_and_a_thread_watches_them() -> None:
    queue, bases = FakeQueue(), Bases()
    options = replace(OPTIONS, knowledge=bases)
    consumer = BatchConsumer(
        WorkerContext("w"), chat_role(queue), queue, PoisonableEngine(), options
    )
    consumer.start()
    assert bases.watching.wait(10)
    consumer.stop()
    assert queue.statuses[0].knowledge == bases.status()


class LostQueue(FakeQueue):
    """A queue that cannot be reached any more."""

    def lease(self, limit: int) -> list[Lease]:
        raise QueueUnavailable("gone")

    def release_all(self) -> int:
        raise QueueUnavailable("gone")


def test_a_worker_stops_without_redis_and_says_who_returns_its_messages(
    caplog: pytest.LogCaptureFixture,
) -> None:
    consumer, _ = consumer_over(LostQueue())
    consumer.start()
    consumer.stop()
    assert "gone; another worker returns the messages that this one held" in caplog.messages
    assert "stopping without Redis; another worker returns what this one held" in caplog.messages


def test_each_step_of_a_batch_is_one_debug_line_with_ids_and_without_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "workers.consumer")
    queue = FakeQueue(known_tones={"a": NEUTRAL, "b": NEUTRAL})
    queue.push(*(encode_infer(ChatJob(name, "my secret", "c", 0.0)) for name in "ab"))
    consumer, _ = consumer_over(queue)
    consumer.start()
    wait_until(lambda: len(queue.completed) == 2, 10)
    consumer.stop()
    steps = [line.split(" ", 1)[0] for line in caplog.messages if line.split(" ")[0][-1] == ":"]
    assert steps == ["fetch:", "claim:", "batch:", "complete:"]
    assert "claim: chat.infer a=run b=run" in caplog.messages
    assert "complete: chat.infer a=done/applied b=done/applied" in caplog.messages
    assert "secret" not in caplog.text


def test_a_job_without_token_ids_goes_past_the_engine() -> None:
    queue, engine = FakeQueue(known_tones={"a": NEUTRAL}), PoisonableEngine()
    role = replace(chat_role(queue), prepare=lambda claimed: [UNREAD for _ in claimed])
    consumer = BatchConsumer(WorkerContext("w"), role, queue, engine, OPTIONS)
    queue.push(encode_infer(ChatJob("a", "two words", "c-a", 0.0)))
    consumer.start()
    wait_until(lambda: len(queue.completed) == 1, 10)
    consumer.stop()
    assert queue.completed[0].state == "done"
    assert engine.runs == []

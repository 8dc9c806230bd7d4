"""Many replies at once, each passed on when it is whole; no more are taken than have room."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.jobs import ChatJob
from tests.fakes.clock import ManualClock
from tests.fakes.task_events import RecordedEvents
from tests.support.handed_jobs import handed
from tests.support.processes import wait_until
from workers.consumer.batching import BatchBuffer, BatchLimits
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimResult, Lease
from workers.preprocessing.preprocessor import Prepared
from workers.speaking.loop import SpeakingLoop
from workers.speaking.voiced_job import VoicedJob, voiced
from workers.voice.brief import Spoken

Job = PreparedJob[VoicedJob]


def prepared(name: str) -> Job:
    job: ChatJob = replace(handed(), id=name)
    passages = (Prepared("text", (0,), truncated=False),)
    return PreparedJob(Lease(name.encode(), b""), voiced(job), ClaimResult("run"), passages, 0, 0)


class Stand:
    """A loop over a buffer, in a thread of its own until the buffer is closed."""

    def __init__(self, speak: Callable[[Job], Spoken | None], most: int = 2) -> None:
        self.buffer: BatchBuffer[VoicedJob] = BatchBuffer(BatchLimits(1, 1), 8)
        self.done: list[BatchResult[VoicedJob]] = []
        self.events = RecordedEvents()
        self.context = WorkerContext("w", events=self.events, clock=ManualClock())
        self.loop = SpeakingLoop(
            self.context, self.buffer, self.done.append, speak, most, lambda: 3.0, "model"
        )
        self.thread = threading.Thread(target=self.loop.run)
        self.thread.start()

    def close(self) -> None:
        self.buffer.close()
        self.thread.join(10)
        assert not self.thread.is_alive()


def test_replies_are_written_at_once_and_passed_on_as_they_are_whole() -> None:
    gates = {name: threading.Event() for name in "abc"}

    def speak(job: Job) -> Spoken:
        assert gates[job.job.id].wait(10)
        return Spoken(f"words of {job.job.id}")

    stand = Stand(speak)
    stand.buffer.put([prepared(name) for name in "abc"])
    wait_until(lambda: sorted(stand.loop.running()) == ["a", "b"], 5)
    assert stand.buffer.waiting() == ["c"], "no more are taken than there are threads"
    gates["b"].set()
    wait_until(lambda: sorted(stand.loop.running()) == ["a", "c"], 5)
    gates["c"].set()
    gates["a"].set()
    wait_until(lambda: len(stand.done) == 3, 5)
    stand.close()
    said = [batch.jobs[0].job.spoken for batch in stand.done]
    assert [each.text for each in said if each] == [
        f"words of {name}" for name in ("b", *(batch.jobs[0].job.id for batch in stand.done[1:]))
    ]
    assert {event.kind for event in stand.events.emitted} == {"started"}
    assert len(stand.events.emitted) == 3
    assert stand.loop.running() == []
    assert stand.context.counters.snapshot()["messages"] == 3


def test_a_fault_of_ours_ends_the_job_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    def speak(job: Job) -> Spoken:
        raise ValueError(f"odd: {job.job.id}")

    stand = Stand(speak)
    stand.buffer.put([prepared("a")])
    wait_until(lambda: len(stand.done) == 1, 5)
    stand.close()
    (batch,) = stand.done
    assert isinstance(batch.fault, ValueError)
    assert batch.jobs[0].job.spoken is None
    assert "no words: ValueError at test_speaking_loop.py" in caplog.text
    assert "odd" not in caplog.text, "the log says nothing of a text"


def test_a_thread_that_fails_ends_the_worker_whose_messages_others_then_take(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[int] = []
    monkeypatch.setattr("os._exit", ended.append)

    def speak(_job: Job) -> Spoken:
        raise SystemExit

    stand = Stand(speak)
    stand.buffer.put([prepared("a")])
    wait_until(lambda: ended == [70], 5)
    stand.close()
    assert stand.done == []
    assert "this worker ends" in caplog.text


def test_a_reply_under_way_does_not_hold_up_the_exit() -> None:
    gate, begun = threading.Event(), list[bool]()

    def speak(_job: Job) -> Spoken:
        begun.append(threading.current_thread().daemon)
        assert gate.wait(10)
        return Spoken("words")

    stand = Stand(speak)
    stand.buffer.put([prepared("a")])
    wait_until(lambda: begun == [True], 5)
    gate.set()
    stand.close()


def test_it_ends_after_what_is_under_way() -> None:
    gate, begun = threading.Event(), threading.Event()

    def speak(_job: Job) -> Spoken:
        begun.set()
        assert gate.wait(10)
        return Spoken("late words")

    stand = Stand(speak)
    stand.buffer.put([prepared("a")])
    assert begun.wait(10)
    stand.buffer.close()
    assert stand.thread.is_alive()
    gate.set()
    stand.close()
    assert len(stand.done) == 1
    assert (stand.loop.loaded_per_second(), stand.loop.batch_messages()) == (3.0, None)


def test_what_was_given_back_is_not_passed_on() -> None:
    stand = Stand(lambda _job: None)
    stand.buffer.put([prepared("a")])
    wait_until(lambda: stand.context.counters.snapshot().get("messages") == 1, 5)
    stand.close()
    assert stand.done == []
    assert stand.loop.running() == []

"""Tones that come early, late or never; answers that fail; effects that happen once."""

from dataclasses import replace
from threading import Event

import msgspec
import numpy as np
import pytest

from shared import keys
from shared.jobs import UNKNOWN_TONE, Answer, ChatJob, Reply, Timings, Tone
from shared.results import celery_result, read_celery_result
from shared.wire import encode_infer
from tests.fakes.clock import ManualClock
from tests.unit.consumer_parts import work
from workers.consumer.complete import TONE_WAIT_SECONDS, ChatCompleter
from workers.consumer.counters import Counters
from workers.consumer.draft import Draft
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import QueueLimits
from workers.consumer.memory_lease import MemoryBroker
from workers.consumer.memory_queue import MemoryInferenceQueue
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.task_events import RecordedEvents

SAD = Tone("negative", 0.9)


class Parrot:
    """Draft the message itself; fail on the word that tests choose."""

    def draft(self, ran: BatchResult[ChatJob]) -> list[Draft]:
        if any(each.job.id == "bad" for each in ran.works):
            raise ValueError("bad")
        return [self._draft(each) for each in ran.works]

    def _draft(self, each: PreparedJob[ChatJob]) -> Draft:
        def finish(tone: Tone, now: float) -> tuple[Reply, tuple[str, ...]]:
            job = each.job
            if job.id == "unfinished":
                raise KeyError("wording")
            answer, timings = Answer("answer", "e", 0.9), Timings(0, 0, 0, 0, 0)
            reply = Reply(job.message, job.id, job.conversation_id, tone, answer, timings, "test")
            return reply, ("phrase",)

        return finish


class Scene:
    """A completer over a queue in memory, with a clock that stands still."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.broker = MemoryBroker()
        self.queue = MemoryInferenceQueue(self.broker, "w", self.clock, QueueLimits())
        self.events, self.counters = RecordedEvents(), Counters()
        self.completer = ChatCompleter(
            self.queue,
            Parrot(),
            self.events,
            self.counters,
            RetryPolicy(Event()),
            self.clock,
        )
        self.queue.subscribe_tones(self.completer._hear)
        self.broker.workers["s"] = keys.SENTIMENT
        self.broker.beats["s"] = self.clock.now()

    def run(self, *names: str) -> None:
        """Lease these jobs and put them through the engine."""
        works = []
        for name in names:
            job = work(name).job
            self.broker.queues[keys.INFERENCE].appendleft(encode_infer(job))
            (lease,) = self.queue.lease(1)
            works.append(replace(work(name), token=lease.token))
        now = self.clock.monotonic()
        self.completer.put(
            BatchResult(tuple(works), np.zeros((len(works), 2), np.float32), now, now)
        )
        self.completer.step(0.0)

    def reply(self, name: str) -> Reply | None:
        stored = self.broker.results.get(name)
        if stored is None:
            return None
        record = read_celery_result(stored)
        assert record.state == "done"
        return msgspec.json.decode(record.body or b"", type=Reply)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_tone_that_is_there_goes_into_the_reply_at_once(scene: Scene) -> None:
    scene.broker.tones["a"] = SAD
    scene.run("a")
    reply = scene.reply("a")
    assert reply is not None
    assert reply.tone == SAD


def test_a_job_waits_for_its_tone_alone(scene: Scene) -> None:
    scene.broker.tones["a"] = SAD
    scene.run("a", "b")
    assert scene.reply("a") is not None
    assert scene.reply("b") is None
    scene.completer._hear("b", SAD)
    scene.completer.step(0.0)
    reply = scene.reply("b")
    assert reply is not None
    assert reply.tone == SAD


def test_a_late_tone_is_unknown_and_never_rewritten(scene: Scene) -> None:
    scene.run("a")
    scene.clock.advance(TONE_WAIT_SECONDS - 0.01)
    scene.completer.step(0.0)
    assert scene.reply("a") is None
    scene.clock.advance(0.02)
    scene.completer.step(0.0)
    reply = scene.reply("a")
    assert reply is not None
    assert reply.tone == UNKNOWN_TONE
    scene.completer._hear("a", SAD)
    scene.completer.step(0.0)
    assert scene.reply("a") == reply
    assert scene.counters.snapshot()["tones_late"] == 1


def test_one_answer_that_fails_is_buried_and_the_others_are_given(scene: Scene) -> None:
    for name in ("a", "bad", "b"):
        scene.broker.tones[name] = SAD
    scene.run("a", "bad", "b")
    assert scene.reply("a") is not None
    assert scene.reply("b") is not None
    assert read_celery_result(scene.broker.results["bad"]).state == "failed"
    (letter,) = scene.broker.dead_letters
    assert letter.id == "bad"
    assert "ValueError" in (letter.traceback or "")


def test_a_job_that_was_cancelled_while_it_ran_is_neither_answered_nor_told_as_a_success(
    scene: Scene,
) -> None:
    scene.run("a")
    cancelled = celery_result("a", "cancelled", b"{}", scene.clock.now())
    scene.broker.results["a"] = cancelled
    scene.completer._hear("a", SAD)
    scene.completer.step(0.0)
    assert scene.broker.results["a"] == cancelled
    assert [(event.kind, event.task_id) for event in scene.events.emitted] == [("revoked", "a")]
    counted = scene.counters.snapshot()
    assert (counted["answered"], counted["duplicates"]) == (0, 1)


def test_one_draft_that_cannot_be_finished_is_buried_alone(scene: Scene) -> None:
    for name in ("a", "unfinished"):
        scene.broker.tones[name] = SAD
    scene.run("a", "unfinished")
    assert scene.reply("a") is not None
    assert read_celery_result(scene.broker.results["unfinished"]).state == "failed"
    assert [letter.id for letter in scene.broker.dead_letters] == ["unfinished"]
    kinds = [(event.kind, event.task_id) for event in scene.events.emitted]
    assert sorted(kinds) == [("failed", "unfinished"), ("succeeded", "a")]
    assert scene.counters.snapshot()["answered"] == 1


def test_a_job_whose_lease_was_lost_changes_nothing(scene: Scene) -> None:
    scene.broker.tones["a"] = SAD
    scene.broker.leases.clear()
    scene.completer.put(BatchResult((work("a"),), np.zeros((1, 2), np.float32), 0.0, 0.0))
    scene.completer.step(0.0)
    assert scene.broker.results == {}
    assert scene.counters.snapshot()["lost_leases"] == 1


def test_closing_waits_for_the_pending(scene: Scene) -> None:
    scene.run("a")
    scene.completer.close()
    scene.completer.step(0.0)
    assert scene.reply("a") is None
    scene.clock.advance(TONE_WAIT_SECONDS)
    scene.completer.run()
    assert scene.reply("a") is not None


@pytest.mark.parametrize("tone_comes", [True, False])
def test_a_job_that_came_twice_is_answered_once_and_held_no_longer(
    scene: Scene, tone_comes: bool
) -> None:
    scene.run("a", "a")
    assert sum(map(len, scene.broker.leases.values())) == 2
    if tone_comes:
        scene.completer._hear("a", SAD)
    else:
        scene.clock.advance(TONE_WAIT_SECONDS)
    scene.completer.step(0.0)
    assert not any(scene.broker.leases.values())
    assert len(scene.broker.turns["c-a"]) == 2
    assert scene.counters.snapshot()["duplicates"] == 1

"""Tones that come early, late or never; results that fail; jobs that were delivered twice."""

from dataclasses import replace

import numpy as np
import pytest

from shared.jobs import UNKNOWN_TONE, ChatJob, Reply, Tone
from shared.wire import encode_infer
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import FakeQueue, chat_role, prepared_job
from tests.fakes.task_events import RecordedEvents
from workers.consumer.chat_result import ChatResult
from workers.consumer.commit import Committer
from workers.consumer.complete import Completer
from workers.consumer.context import WorkerContext
from workers.consumer.hand_overs import COUNTED_HAND_OVERS, COUNTED_WORDS, TONE_WAIT_SECONDS
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import Completion
from workers.consumer.role import Draft

SAD = Tone("negative", 0.9)


class Harness:
    """A completer over a recording queue, with a clock that stands still."""

    def __init__(self) -> None:
        self.clock, self.queue, self.events = ManualClock(), FakeQueue(), RecordedEvents()
        self.context = WorkerContext("w", events=self.events, clock=self.clock)
        role = chat_role(self.queue)
        committer = Committer(self.context, self.queue, role.task)
        self.completer = Completer(self.context, role, committer)

    def run(self, *names: str) -> None:
        """Put these jobs through the engine as one batch."""
        self.completer.put(self.batch(*names))
        self.completer.step(0.0)

    def batch(self, *names: str) -> BatchResult[ChatJob]:
        jobs = tuple(self.prepared(name) for name in names)
        now = self.clock.monotonic()
        return BatchResult(jobs, np.zeros((len(jobs), 2), np.float32), now, now)

    def prepared(self, name: str) -> PreparedJob[ChatJob]:
        prepared = prepared_job(name)
        (lease,) = self.queue.push(encode_infer(prepared.job))
        return replace(prepared, lease=lease)

    def ends(self) -> dict[str | None, Completion[ChatJob, ChatResult]]:
        return {each.task_id: each for each in self.queue.completed}

    def reply(self, name: str) -> Reply | None:
        end = self.ends().get(name)
        return end.result.reply if end and end.result else None


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_a_known_tone_goes_into_the_reply_at_once(harness: Harness) -> None:
    harness.queue.known_tones["a"] = SAD
    harness.run("a")
    reply = harness.reply("a")
    assert reply is not None
    assert reply.tone == SAD


def test_what_needs_no_engine_waits_until_few_are_before_it(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"j{number}" for number in range(6)]
    harness.queue.known_tones.update(dict.fromkeys(names, SAD))
    ended_before: list[int] = []

    def step_meanwhile(_seconds: float) -> bool:
        ended_before.append(len(harness.ends()))
        harness.completer.step(0.0)
        return False

    monkeypatch.setattr(harness.context.stopping, "wait", step_meanwhile)
    for name in names:
        harness.completer.put_unread(harness.batch(name))
    harness.completer.step(0.0)
    assert list(harness.ends()) == names
    assert ended_before == [0, 2]


def test_who_stops_waits_for_nothing_before_it(harness: Harness) -> None:
    harness.context.stopping.set()
    names = [f"j{number}" for number in range(6)]
    harness.queue.known_tones.update(dict.fromkeys(names, SAD))
    for name in names:
        harness.completer.put_unread(harness.batch(name))
    harness.completer.step(0.0)
    assert list(harness.ends()) == names


def test_a_job_waits_for_its_tone_alone(harness: Harness) -> None:
    harness.queue.known_tones["a"] = SAD
    harness.run("a", "b")
    assert list(harness.ends()) == ["a"]
    harness.completer.put_tone("b", SAD)
    harness.completer.step(0.0)
    reply = harness.reply("b")
    assert reply is not None
    assert reply.tone == SAD


def test_a_late_tone_is_unknown_and_the_reply_is_never_rewritten(harness: Harness) -> None:
    harness.run("a")
    harness.clock.advance(TONE_WAIT_SECONDS - 0.01)
    harness.completer.step(0.0)
    assert harness.ends() == {}
    harness.clock.advance(0.02)
    harness.completer.step(0.0)
    reply = harness.reply("a")
    assert reply is not None
    assert reply.tone == UNKNOWN_TONE
    harness.completer.put_tone("a", SAD)
    harness.completer.step(0.0)
    assert len(harness.queue.completed) == 1
    assert harness.context.counters.snapshot()["tones_late"] == 1


def test_one_result_that_fails_is_a_dead_letter_and_the_others_are_answered(
    harness: Harness,
) -> None:
    for name in ("a", "bad", "b"):
        harness.queue.known_tones[name] = SAD
    harness.run("a", "bad", "b")
    assert {name: end.state for name, end in harness.ends().items()} == {
        "a": "done",
        "bad": "failed",
        "b": "done",
    }
    letter = harness.ends()["bad"].dead_letter
    assert letter is not None
    assert letter.id == "bad"
    assert "ValueError" in (letter.traceback or "")
    assert harness.context.counters.snapshot()["dead_letters_failed"] == 1
    times = harness.context.stage_times.snapshot()
    assert {sum(each.counts) for each in times.values()} == {2}


def test_one_draft_that_cannot_be_finished_fails_alone(harness: Harness) -> None:
    for name in ("a", "unfinished"):
        harness.queue.known_tones[name] = SAD
    harness.run("a", "unfinished")
    assert harness.reply("a") is not None
    assert harness.ends()["unfinished"].dead_letter is not None
    kinds = sorted((event.kind, event.task_id) for event in harness.events.emitted)
    assert kinds == [("failed", "unfinished"), ("succeeded", "a")]


def test_closing_waits_for_the_jobs_that_wait_for_a_tone(harness: Harness) -> None:
    harness.run("a")
    harness.completer.close()
    harness.completer.step(0.0)
    assert harness.ends() == {}
    harness.clock.advance(TONE_WAIT_SECONDS)
    harness.completer.run()
    assert harness.reply("a") is not None


@pytest.mark.parametrize("tone_comes", [True, False])
def test_both_leases_of_a_job_that_came_twice_are_completed(
    harness: Harness, tone_comes: bool
) -> None:
    harness.run("a", "a")
    if tone_comes:
        harness.completer.put_tone("a", SAD)
    else:
        harness.clock.advance(TONE_WAIT_SECONDS)
    harness.completer.step(0.0)
    assert [each.lease for each in harness.queue.completed] == harness.queue.leases


class UnsureHarness(Harness):
    """A completer whose drafts are all unsure, but those of jobs that are named so."""

    def __init__(self) -> None:
        super().__init__()
        role = chat_role(self.queue)

        def draft(batch: BatchResult[ChatJob]) -> list[Draft[ChatResult]]:
            pairs = zip(batch.jobs, role.draft(batch), strict=True)
            return [
                each if job.job.id == "sure" else replace(each, first_look=lambda: "look")
                for job, each in pairs
            ]

        committer = Committer(self.context, self.queue, role.task)
        unsure = replace(role, draft=draft, second_looks=self.queue, outlasts_faults=True)
        self.completer = Completer(self.context, unsure, committer)


def test_what_is_handed_over_does_not_end_here_and_all_else_does() -> None:
    harness = UnsureHarness()
    names = ("sure", "given", "late", "alone", "gone")
    harness.queue.known_tones = dict.fromkeys(names, SAD)
    harness.queue.hand_overs = {"given": "handed", "late": "late", "gone": "lost"}
    harness.queue.verdicts["gone"] = "lost"
    harness.run(*names)
    assert set(harness.ends()) == {"sure", "late", "alone", "gone"}
    counters = harness.context.counters.snapshot()
    counted = [counters[f"second_looks_{name}"] for name in ("asked", *COUNTED_HAND_OVERS)]
    assert counted == [4, 1, 1, 1]
    assert (counters["answered"], counters["lost_leases"]) == (3, 1)
    assert harness.completer.looks_turned_away() == 2  # late, and alone


def test_a_role_may_have_results_for_what_the_engine_failed_with() -> None:
    harness = UnsureHarness()
    harness.queue.known_tones["sure"] = SAD
    job, now = harness.prepared("sure"), harness.clock.monotonic()
    nothing = np.empty((0, 0), np.float32)
    harness.completer.put(BatchResult((job,), nothing, now, now, RuntimeError("no engine")))
    harness.completer.step(0.0)
    assert [each.dead_letter for each in harness.queue.completed] == [None]


class VoicedHarness(Harness):
    """The same with a role whose ends a language model may put into words."""

    def __init__(self) -> None:
        super().__init__()
        role = replace(chat_role(self.queue), voice=self.queue)
        committer = Committer(self.context, self.queue, role.task)
        self.completer = Completer(self.context, role, committer)


def test_what_a_model_puts_into_words_is_not_ended_here() -> None:
    harness = VoicedHarness()
    names = ("plain", "given", "late", "alone", "spent", "gone")
    harness.queue.known_tones = dict.fromkeys(names, SAD)
    harness.queue.words = {
        "given": "handed", "late": "late", "alone": "unserved", "spent": "spent", "gone": "lost",
    }  # fmt: skip
    harness.queue.verdicts["gone"] = "lost"
    harness.run(*names)
    assert set(harness.ends()) == set(names) - {"given"}
    counters = harness.context.counters.snapshot()
    counted = [counters[f"words_{name}"] for name in COUNTED_WORDS]
    assert counted == [1, 1, 1, 1]
    assert counters["answered"] == 4


def test_without_a_voice_nobody_is_asked_for_words() -> None:
    harness = Harness()
    harness.queue.known_tones = {"given": SAD}
    harness.queue.words = {"given": "handed"}
    harness.run("given")
    assert set(harness.ends()) == {"given"}
    assert "words_handed" not in harness.context.counters.snapshot()

"""A reply reports where its time went, stage by stage."""

from dataclasses import replace

import numpy as np
import pytest

from shared.jobs import ChatJob, Tone, Translation
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import prepared_job
from tests.fakes.memory import FakeMemory
from workers.consumer.chat_result import ChatResult
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimResult
from workers.dialogue.decide import Decider
from workers.dialogue.hearing import Listener
from workers.knowledge.base import Entry
from workers.knowledge.calibration import FEATURES, Calibration
from workers.knowledge.finder import Finder
from workers.knowledge.index import Index
from workers.knowledge.lexical import Lexicon
from workers.reply_builder import ReplyBuilder
from workers.second_look.first import FirstLookDecider
from workers.tone.wording import Wording
from workers.voice.brief import Brief, Source

PAY = Entry("pay", "How can I pay?", "Within two days.")
SURE = Calibration((*(0.0 for _ in FEATURES), 9.0), answer_from=0.5, clarify_from=0.3)
UNSURE = replace(SURE, weights=(*(0.0 for _ in FEATURES), -9.0))


def drafted(
    job: PreparedJob[ChatJob],
    clock: ManualClock,
    *,
    voice: bool = False,
    calibration: Calibration = SURE,
) -> ChatResult:
    start = clock.monotonic()
    vectors = np.eye(1, 2, dtype=np.float32)
    batch = BatchResult((job,), vectors, started_at=start + 0.101, ended_at=start + 0.131)
    lexicon = Lexicon([[PAY.question]], [PAY.answer])
    index = Index(vectors, np.arange(1), vectors, vectors, lexicon, vectors)
    finder = Finder([PAY], index, calibration, frozenset())
    decider = FirstLookDecider(
        Listener(finder, FakeMemory(), "test"),
        Decider(finder.thresholds, finder.entries),
        clock,
        "small",
        "revision-1",
        cascade=False,
    )
    replies = ReplyBuilder(decider, Wording.load(), "test", clock, voice=voice)
    (draft,) = replies.draft(batch)
    return draft.finish(Tone("neutral", 0.9), start + 0.135)


def test_the_stages_add_up_and_the_wait_for_the_engine_is_queueing() -> None:
    clock = ManualClock()
    start = clock.monotonic()
    job = replace(prepared_job("a"), leased_at=start, prepared_at=start + 0.001)
    job = replace(job, job=replace(job.job, accepted_at=clock.now() - 0.499))
    result = drafted(job, clock)
    timings = result.reply.timings
    assert result.reply.response == "Within two days."
    assert result.reply.knowledge_revision == "revision-1"
    assert timings.queue_ms == pytest.approx(499 + 100)
    assert timings.prepare_ms == pytest.approx(1)
    assert timings.engine_ms == pytest.approx(30)
    assert timings.compose_ms == pytest.approx(4)
    stages = (timings.queue_ms, timings.prepare_ms, timings.engine_ms, timings.compose_ms)
    assert timings.total_ms == pytest.approx(sum(stages))


def test_a_brief_is_made_for_a_voice_alone() -> None:
    silent = drafted(prepared_job("a"), ManualClock())
    voiced = drafted(prepared_job("a"), ManualClock(), voice=True)
    assert silent.brief is None
    assert voiced.brief == Brief(
        "answer",
        "text of a",
        (Source("pay", PAY.question, PAY.answer),),
        PAY.answer,
        tone="neutral",
    )
    assert replace(voiced, brief=None) == silent


def test_who_is_with_a_person_gets_no_brief() -> None:
    job = replace(prepared_job("a"), claim=ClaimResult("run", with_person=True))
    assert drafted(job, ManualClock(), voice=True).brief is None


def test_an_answer_in_english_to_who_wrote_otherwise_says_so_in_their_language() -> None:
    job = prepared_job("a")
    translation = Translation("de", "How can I pay?")
    job = replace(job, job=replace(job.job, message="Wie zahle ich?", translation=translation))
    result = drafted(job, ManualClock(), voice=True)
    lead, answer = result.reply.response.split("\n\n")
    assert "auf Englisch" in lead
    assert answer == "Within two days."
    assert result.brief
    assert (result.brief.language, result.brief.words) == ("de", result.reply.response)
    assert result.brief.sources == (Source("pay", PAY.question, PAY.answer),)
    assert b"Wie zahle ich?" in result.memory, "what the person wrote is remembered as it was"


def test_a_model_is_not_told_to_say_that_what_follows_is_in_english() -> None:
    job = prepared_job("a")
    translation = Translation("de", "What is the meaning of life?")
    job = replace(job, job=replace(job.job, message="Was soll das?", translation=translation))
    brief = drafted(job, ManualClock(), voice=True, calibration=UNSURE).brief
    assert brief
    assert brief.kind == "fallback"
    assert "auf Englisch" in brief.words, "the entries' own words are English"
    assert [source.text for source in brief.sources] == [brief.words.split("\n\n", 1)[1]]

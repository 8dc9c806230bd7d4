"""The cascade in one process: what wants a second look, who answers, and what the reply says."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from shared.errors import EngineError, MalformedMessage
from shared.handovers import HandoverReason
from shared.jobs import AnswerKind, ChatJob, Tone
from shared.wire import encode_infer, read_second_look
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import prepare_words, prepared_job
from tests.fakes.memory import FakeMemory
from workers.consumer.chat_result import ChatResult
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob, ClaimResult, Lease, LeasedJob
from workers.dialogue.decide import Decider
from workers.dialogue.decision import Decision, Heard
from workers.dialogue.hearing import Listener
from workers.dialogue.state import Dialogue, pack_vectors, read_dialogue, unpack_vectors
from workers.knowledge.base import Entry
from workers.knowledge.calibration import FEATURES, Calibration
from workers.knowledge.finder import Candidate, Finder, Finding
from workers.knowledge.head import Vectors
from workers.knowledge.index import Index
from workers.knowledge.lexical import Lexicon
from workers.reply_builder import ReplyBuilder
from workers.second_look.band import Band, wants_second_look
from workers.second_look.first import FirstLookDecider
from workers.second_look.first_look import (
    Seen,
    first_look_of,
    is_of_another_version,
    read_first_look,
)
from workers.second_look.meter import SecondLookMeter
from workers.second_look.pace import Pace
from workers.second_look.second import SecondLookDecider, read_in_time
from workers.tone.wording import Wording

PAY = Entry("pay", "How can I pay?", "By card.")
REFUND = Entry("refund", "When is my refund here?", "In five days.")
ENTRIES = [PAY, REFUND]
FIRST = Dialogue("small-1")
BAND = Band(0.1, 0.8)
REVISION = "a1b2c3"
NEUTRAL = Tone("neutral", 0.9)
SMALL_VECTOR = np.array([[0.8, 0.6]], np.float32)
LARGE_VECTOR = np.array([[0.0, 0.0, 1.0]], np.float32)


def finding(confidence: float, best: Entry = PAY) -> Finding:
    other = REFUND if best is PAY else PAY
    return Finding("text", (Candidate(best, confidence), Candidate(other, 0.05)))


def heard_with(confidence: float, **fields: object) -> Heard:
    return replace(Heard("text", FIRST, finding(confidence)), **fields)  # type: ignore[arg-type]


def decided(
    kind: AnswerKind, confidence: float, handover: HandoverReason | None = None
) -> Decision:
    decision = Decider(finder(0.5).thresholds, {}).decide(heard_with(0.0))
    answer = replace(decision.answer, kind=kind, confidence=confidence)
    return replace(decision, answer=answer, handover=handover)


def finder(confidence: float, dimension: int = 2) -> Finder:
    """Return a finder that always finds the first entry, with this confidence."""
    logit = float(np.log(confidence / (1 - confidence)))
    weights = (*(0.0 for _ in FEATURES), logit)
    sure = Calibration(weights, answer_from=0.6, clarify_from=0.3)
    vectors = np.eye(2, dimension, dtype=np.float32)
    lexicon = Lexicon([[entry.question] for entry in ENTRIES], [""] * 2)
    index = Index(vectors, np.arange(2), vectors, vectors, lexicon, vectors)
    return Finder(ENTRIES, index, sure, frozenset())


@pytest.mark.parametrize(
    ("confidence", "wanted"), [(0.05, False), (0.1, True), (0.79, True), (0.8, False)]
)
def test_only_what_is_not_sure_wants_a_second_look(confidence: float, wanted: bool) -> None:
    decision = decided("answer", confidence)
    assert wants_second_look(heard_with(confidence), decision, BAND) == wanted


@pytest.mark.parametrize(
    "heard",
    [
        heard_with(0.5, escalation="wish"),
        heard_with(0.5, unwanted=True),
        heard_with(0.5, unreadable="language"),
        heard_with(0.5, recalls=True),
        heard_with(0.5, with_person=True),
        heard_with(0.5, choice=(0,), dialogue=Dialogue("small-1", offered=("pay",))),
    ],
)
def test_what_no_entry_decides_wants_none(heard: Heard) -> None:
    assert not wants_second_look(heard, decided("clarify", 0.5), BAND)


@pytest.mark.parametrize(
    ("kind", "handover", "wanted"),
    [
        ("smalltalk", None, False),
        ("recall", None, False),
        ("handover", "legal", False),
        ("handover", "entry", False),
        ("handover", "unanswered", True),
        ("fallback", None, True),
        ("clarify", None, True),
    ],
)
def test_kinds_that_another_encoder_cannot_better_want_none(
    kind: AnswerKind, handover: HandoverReason | None, wanted: bool
) -> None:
    decision = decided(kind, 0.5, handover)
    assert wants_second_look(heard_with(0.5), decision, BAND) == wanted


def test_one_unsure_question_of_several_is_enough() -> None:
    heard = heard_with(0.9, questions=(finding(0.9), finding(0.5)))
    assert wants_second_look(heard, decided("answer", 0.9), BAND)


def small_decider(
    confidence: float, clock: ManualClock, *, cascade: bool = True
) -> FirstLookDecider:
    found = finder(confidence)
    decider = Decider(found.thresholds, found.entries)
    listener = Listener(found, FakeMemory(), "small-1")
    return FirstLookDecider(listener, decider, clock, "small", REVISION, cascade=cascade)


def batch_of(job: PreparedJob[ChatJob], vectors: Vectors) -> BatchResult[ChatJob]:
    now = ManualClock().monotonic()
    return BatchResult((job,), vectors, now, now + 0.5)


@pytest.mark.parametrize(("confidence", "asked"), [(0.5, True), (0.97, False)])
def test_the_small_encoder_leaves_what_it_found(confidence: float, asked: bool) -> None:
    clock = ManualClock()
    batch = batch_of(prepared_job("a"), SMALL_VECTOR)
    (result,) = small_decider(confidence, clock).decide(batch)
    assert (result.first_look is not None, result.encoder) == (asked, "small")
    if result.first_look:
        look = read_first_look(result.first_look())
        assert (look.space, look.handed_at) == ("small-1", clock.now())
        assert (look.revision, result.revision) == (REVISION, REVISION)
        assert look.vector == pack_vectors(SMALL_VECTOR[0][None])[0]
        assert look.decision == result.decision
        found = look.main.finding({"pay": PAY})
        assert [each.entry for each in found.candidates] == [PAY]
        assert found.confidence == pytest.approx(confidence)


def test_without_a_cascade_and_after_a_hand_over_none_is_asked_for() -> None:
    clock, job = ManualClock(), prepared_job("a")
    (alone,) = small_decider(0.5, clock, cascade=False).decide(batch_of(job, SMALL_VECTOR))
    returned = replace(job, job=replace(job.job, first_look="{}"))
    (again,) = small_decider(0.5, clock).decide(batch_of(returned, SMALL_VECTOR))
    assert (alone.first_look, again.first_look) == (None, None)


class Large:
    """A large worker's way from batch to reply, over an encoder of three dimensions."""

    def __init__(self, confidence: float = 0.9) -> None:
        self.clock = ManualClock()
        self.context = WorkerContext("l", clock=self.clock)
        self.pace = Pace(self.clock, 0.1)
        found = finder(confidence, dimension=3)
        decider = SecondLookDecider(
            Listener(found, FakeMemory(), "large"),
            Decider(found.thresholds, found.entries),
            SecondLookMeter(self.context, self.pace, target_seconds=0.5),
            REVISION,
        )
        self._replies = ReplyBuilder(decider, Wording.load(), "test", self.clock, voice=True)

    def job(self, small_confidence: float = 0.4, revision: str = REVISION) -> PreparedJob[ChatJob]:
        """Return a job that the small encoder handed over."""
        main = finding(small_confidence, REFUND)
        heard = heard_with(small_confidence, main=main, reask_score=0.25)
        thresholds = finder(0.5).thresholds
        decision = Decider(thresholds, {entry.id: entry for entry in ENTRIES}).decide(heard)
        vector, now = pack_vectors(SMALL_VECTOR[0][None])[0], self.clock.now()
        look = first_look_of("small-1", vector, heard, decision, now, revision)
        prepared = prepared_job("a")
        return replace(prepared, job=replace(prepared.job, first_look=look, accepted_at=now))

    def answer(self, batch: BatchResult[ChatJob]) -> ChatResult:
        (draft,) = self._replies.draft(batch)
        return draft.finish(NEUTRAL, self.clock.monotonic())

    def counted(self, *names: str) -> Sequence[float]:
        counters = self.context.counters.snapshot()
        return [counters.get(f"second_look{name}", 0) for name in names]


def test_the_large_encoder_has_the_last_word_and_the_dialogue_keeps_the_small_vector() -> None:
    large = Large()
    job = large.job()
    large.clock.advance(0.2)
    result = large.answer(batch_of(job, LARGE_VECTOR))
    assert (result.reply.encoder, result.reply.answer.id) == ("large", "pay")
    dialogue = read_dialogue(result.dialogue, "small-1")
    assert unpack_vectors([dialogue.asked[0].vector])[0] == pytest.approx(SMALL_VECTOR[0], abs=0.01)
    assert large.counted("s_done", "s_late") == [1, 0]
    (seconds,) = large.counted("_seconds")
    assert seconds == pytest.approx(0.2)


def test_what_both_encoders_found_counts_alike() -> None:
    large = Large(confidence=0.9)
    job = large.job()
    assert job.job.first_look is not None
    look = read_first_look(job.job.first_look)
    text = job.passages[0].text
    found = Seen(text, (("refund", 0.4, False),))
    header = msgspec.json.encode(replace(look, main=found)).decode()
    job = replace(job, job=replace(job.job, first_look=header))
    answer = large.answer(batch_of(job, LARGE_VECTOR)).reply.answer
    assert answer.id == "pay"
    assert answer.confidence == pytest.approx(0.45)


def test_what_was_found_in_another_revision_of_the_base_does_not_count() -> None:
    large = Large(confidence=0.9)
    answer = large.answer(batch_of(large.job(revision="older"), LARGE_VECTOR)).reply
    assert (answer.answer.id, answer.knowledge_revision) == ("pay", REVISION)
    assert answer.answer.confidence == pytest.approx(0.9, abs=0.001)


def test_a_word_that_stands_keeps_the_revision_that_it_is_of() -> None:
    large = Large()
    batch = batch_of(large.job(revision="older"), np.empty((0, 0), np.float32))
    assert large.answer(batch).reply.knowledge_revision == "older"


@pytest.mark.parametrize("revision", [REVISION, "older"])
def test_a_brief_is_of_one_revision_of_the_base(revision: str) -> None:
    large = Large()
    late = batch_of(large.job(revision=revision), np.empty((0, 0), np.float32))
    brief = large.answer(late).brief
    assert (brief is not None) == (revision == REVISION)
    again = large.answer(batch_of(large.job(revision=revision), LARGE_VECTOR)).brief
    assert again is not None
    assert [each.text for each in again.sources] == [PAY.answer]


def test_a_first_look_of_an_older_worker_names_no_sources() -> None:
    large = Large()
    job = large.job()
    look = msgspec.json.decode(job.job.first_look or "")
    del look["decision"]["sources"], look["decision"]["kept"]
    header = msgspec.json.encode(look).decode()
    assert read_first_look(header).decision.sources == ()
    batch = batch_of(replace(job, job=replace(job.job, first_look=header)), LARGE_VECTOR[:0, :0])
    assert large.answer(batch).brief is None
    look["decision"]["of a newer worker"] = 1
    assert read_first_look(msgspec.json.encode(look).decode()).decision.kept == ""


def test_a_second_look_after_the_target_counts_as_late() -> None:
    large = Large()
    job = large.job()
    large.clock.advance(0.6)
    assert large.answer(batch_of(job, LARGE_VECTOR)).reply.encoder == "large"
    assert large.counted("s_done", "s_late") == [1, 1]


@pytest.mark.parametrize("fault", [None, EngineError("out of memory")])
def test_without_the_engine_the_small_encoders_word_stands(fault: Exception | None) -> None:
    large = Large()
    job = large.job(small_confidence=0.4)
    batch = replace(batch_of(job, np.empty((0, 0), np.float32)), fault=fault)
    reply = large.answer(batch).reply
    assert (reply.encoder, reply.answer.kind, reply.answer.id) == ("small", "clarify", "refund")
    assert (reply.answer.confidence, reply.answer.reask_score) == (0.4, 0.25)
    assert large.counted("s_done", "s_overdue", "s_failed") == [0, fault is None, fault is not None]


def test_a_turn_before_is_known_to_the_second_look() -> None:
    large = Large(confidence=0.5)
    first = large.answer(batch_of(large.job(), LARGE_VECTOR))
    assert first.reply.answer.kind == "clarify"
    second = replace(large.job(), claim=ClaimResult("run", first.dialogue))
    answer = large.answer(batch_of(second, LARGE_VECTOR)).reply.answer
    assert answer.kind == "handover"
    assert answer.reask_score is not None
    assert answer.reask_score > 0.9, "the small encoder's vectors are compared"


@pytest.mark.parametrize("vectors", [LARGE_VECTOR, np.empty((0, 0), np.float32)])
def test_the_second_look_is_silent_once_a_person_has_the_conversation(vectors: Vectors) -> None:
    large = Large()
    job = replace(large.job(), claim=ClaimResult("run", with_person=True))
    assert large.answer(batch_of(job, vectors)).reply.response == ""


def test_a_message_whose_reply_is_due_is_not_read() -> None:
    clock = ManualClock()
    read = read_in_time(prepare_words, clock, 0.5)
    jobs = [ChatJob("a", "two words", "c", clock.now() - age) for age in (0.4, 0.5)]
    claimed = [ClaimedJob(LeasedJob(Lease(b"", b""), job), ClaimResult("run")) for job in jobs]
    (in_time,), (late,) = read(claimed)
    assert (len(in_time.ids), late.ids) == (2, ())
    assert late.text == "two words"


def test_a_message_without_a_first_look_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match="no first look"):
        read_second_look(encode_infer(ChatJob("a", "hello", "c", 1.0)), 2.0)
    with pytest.raises(MalformedMessage, match="not a first look"):
        read_first_look('{"space": 7}')


def test_a_first_look_of_another_version_is_noticed() -> None:
    job = Large(confidence=0.9).job().job
    assert not is_of_another_version(job)
    assert is_of_another_version(replace(job, first_look='{"space": "of another version"}'))


def test_the_pace_follows_the_last_batches_and_is_forgotten_in_quiet() -> None:
    clock = ManualClock()
    pace = Pace(clock, 0.1)
    assert pace.gauges() == {"pace_seconds": 0.1, "turnaround_seconds": 0.0}
    for _ in range(30):
        pace.record(4, 4.0, 2.0)
    measured = pace.gauges()
    assert measured["pace_seconds"] == pytest.approx(1.0, abs=0.01)
    assert measured["turnaround_seconds"] == pytest.approx(2.0, abs=0.01)
    clock.advance(10)
    assert 0.5 < pace.gauges()["pace_seconds"] < 0.9
    assert 0.1 < pace.gauges()["turnaround_seconds"] < 0.4
    clock.advance(600)
    assert pace.gauges()["pace_seconds"] == pytest.approx(0.1)
    assert pace.gauges()["turnaround_seconds"] == pytest.approx(0.0)


def test_turnarounds_that_vary_are_expected_to_take_longer() -> None:
    steady, varied = Pace(ManualClock(), 0.1), Pace(ManualClock(), 0.1)
    for number in range(40):
        steady.record(1, 0.1, 0.3)
        varied.record(1, 0.1, 0.1 if number % 2 else 0.5)
    expected = [each.gauges()["turnaround_seconds"] for each in (steady, varied)]
    assert expected[0] == pytest.approx(0.3, abs=0.01)
    assert expected[1] > 0.5

"""A tone from the vector that the answer encoder found is the tone that its own encoder gives."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.jobs import UNKNOWN_TONE, ChatJob, EarlyVector, ToneJob, Translation
from shared.message_headers import EARLY_VECTOR
from shared.task_message import decode
from shared.wire import decode_tone, encode_tone
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import FakeQueue, PoisonableEngine, chat_role, prepared_job
from workers.consumer.counters import Counters
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob, ClaimResult, Lease, LeasedJob
from workers.consumer.run import Runner
from workers.consumer.tone_sharing import ToneSharing
from workers.dialogue.reader import MessageReader
from workers.engines.engine import TokenBatch
from workers.engines.litert import LiteRtEngine
from workers.engines.manifest import read_manifest
from workers.judging import Judge
from workers.knowledge.rewrite import rewrite
from workers.modelling.tone import corpus
from workers.preprocessing.preprocessor import Prepared, Preprocessor
from workers.preprocessing.tokens import Tokenizer
from workers.settings import WorkerSettings
from workers.tone.choice import classifier_for
from workers.tone.prior import read_prior

PRIOR = read_prior(WorkerSettings.model_fields["tone_prior"].default)
JOB = ChatJob("j", "Where is it?", "talk", 5.0)
DUE = ClaimResult("run", tone_due=True)
WHOLE = Prepared("where is it?", (1, 2, 3), truncated=False, is_whole=True)
PART = replace(WHOLE, ids=(4, 5), is_whole=False)
NOTHING = np.empty((0, 0), np.float32)


def claimed(message: str, *, early: EarlyVector | None = None) -> ClaimedJob[ToneJob]:
    return ClaimedJob(
        LeasedJob(Lease(b"", b""), ToneJob("j", "t", message, early=early)), ClaimResult("run")
    )


def of_tones(
    jobs: Sequence[ClaimedJob[ToneJob]],
    passages: Sequence[tuple[Prepared, ...]],
    vectors: NDArray[np.float32] = NOTHING,
) -> BatchResult[ToneJob]:
    prepared = [
        PreparedJob(each.leased.lease, each.job, each.claim, read, 0.0, 0.0)
        for each, read in zip(jobs, passages, strict=True)
    ]
    return BatchResult(tuple(prepared), vectors, 0.0, 0.0)


def due(name: str, *passages: Prepared, claim: ClaimResult = DUE) -> PreparedJob[ChatJob]:
    return replace(prepared_job(name), claim=claim, passages=passages)


def sharing(queue: FakeQueue, model: str = "digest") -> ToneSharing[ChatJob]:
    return ToneSharing(replace(chat_role(), tone_tasks=queue, early_model=model))


def test_a_shared_vector_gives_the_tone_that_the_encoder_alone_gives(model_dir: Path) -> None:
    answer, tone = LiteRtEngine(model_dir, "answer"), LiteRtEngine(model_dir, "tone")
    answer.warm()
    tone.warm()
    preprocessor = Preprocessor(Tokenizer.load(model_dir))
    digest, counters = read_manifest(model_dir).digest, Counters()
    judge = Judge(preprocessor, classifier_for(model_dir, PRIOR), digest, tone.dimension, counters)
    messages = corpus.read_held_out().messages
    alone = [claimed(message) for message in messages]
    passages = judge.prepare(alone)
    batch = TokenBatch.of([passage.ids for (passage,) in passages])
    expected = judge.draft(of_tones(alone, passages, tone.run(batch).vectors))
    early = answer.run(batch).early
    assert early is not None
    vectors = [EarlyVector(digest, row.astype("<f2").tobytes()) for row in early]
    shared = [claimed(text, early=row) for text, row in zip(messages, vectors, strict=True)]
    read = judge.prepare(shared)
    assert [each.ids for (each,) in read] == [()] * len(messages)
    assert [each.text for (each,) in read] == [each.text for (each,) in passages]
    for draft, other in zip(judge.draft(of_tones(shared, read)), expected, strict=True):
        own, its = other.finish(UNKNOWN_TONE, 0.0), draft.finish(UNKNOWN_TONE, 0.0)
        assert its.label == own.label
        assert its.score == pytest.approx(own.score, abs=0.002)
    assert counters.snapshot() == {"tones_own": len(messages), "tones_shared": len(messages)}


@pytest.mark.parametrize(
    "early",
    [
        EarlyVector("another", b"\x00\x3c" * 384),
        EarlyVector("digest", b"\x00\x3c" * 383),
        EarlyVector("digest", b"\x00\x7e" * 384),  # not a number
        None,
    ],
)
def test_a_vector_that_is_none_of_this_encoder_does_not_count(
    model_dir: Path, early: EarlyVector | None
) -> None:
    preprocessor = Preprocessor(Tokenizer.load(model_dir))
    judge = Judge(preprocessor, classifier_for(model_dir, PRIOR), "digest", 384, Counters())
    ((passage,), (known,)) = judge.prepare(
        [claimed("Hello!", early=early), claimed("Hi!", early=EarlyVector("digest", b"\0" * 768))]
    )
    assert len(passage.ids) > 2
    assert (known.ids, known.text) == ((), "Hi!")


def test_a_vector_travels_with_its_tone_task() -> None:
    early = EarlyVector("digest", bytes(range(8)))
    assert decode_tone(decode(encode_tone(JOB, early=early))).early == early
    assert decode_tone(decode(encode_tone(JOB))).early is None


@pytest.mark.parametrize("written", ["", "digest", "digest ", "digest ???", "digest QQ", 5, None])
def test_a_header_that_is_no_vector_is_passed_over(written: object) -> None:
    task = decode(encode_tone(JOB))
    task = replace(task, headers={**task.headers, EARLY_VECTOR: written})
    assert decode_tone(task).early is None


def test_each_due_task_is_queued_once_and_with_its_vector_if_there_is_one() -> None:
    queue = FakeQueue()
    jobs = [
        due("several", PART, WHOLE),
        due("part", PART),
        due("unread", replace(WHOLE, ids=())),
        due("queued", WHOLE, claim=ClaimResult("run")),
        due("whole", WHOLE),
    ]
    tones = sharing(queue)
    tones.prepared(jobs)
    assert [(each.job.id, each.early) for each in queue.tone_tasks] == [
        ("part", None),
        ("unread", None),
    ]
    del queue.tone_tasks[:]
    read = [job for job in jobs if job.tokens]
    tones.ran(Runner(PoisonableEngine(gives_early=True), ManualClock()).run(read))
    halves = np.array([12, 6], "<f2").tobytes()  # twice the sum and the number of the ids
    assert [(each.job.id, each.early) for each in queue.tone_tasks] == [
        ("several", EarlyVector("digest", halves)),
        ("whole", EarlyVector("digest", halves)),
    ]


def test_a_batch_that_failed_has_its_tones_all_the_same() -> None:
    queue = FakeQueue()
    failed: BatchResult[ChatJob] = BatchResult(
        (due("a", WHOLE),), NOTHING, 0.0, 0.0, RuntimeError("no engine")
    )
    sharing(queue).ran([failed])
    assert [(each.job.id, each.early) for each in queue.tone_tasks] == [("a", None)]


@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e6])  # the last is too large for float16
def test_an_early_vector_that_is_not_finite_is_left_out_alone(broken: float) -> None:
    queue = FakeQueue()
    early = np.array([[1, broken], [3, 4]], np.float32)
    jobs = (due("a", WHOLE), due("b", WHOLE))
    sharing(queue).ran([BatchResult(jobs, np.zeros_like(early), 0.0, 0.0, early=early)])
    sound = EarlyVector("digest", np.array([3, 4], "<f2").tobytes())
    assert [(each.job.id, each.early) for each in queue.tone_tasks] == [("a", None), ("b", sound)]


def test_without_early_vectors_every_due_task_is_queued_before_the_engine() -> None:
    queue = FakeQueue()
    tones = sharing(queue, model="")
    tones.prepared([due("a", WHOLE)])
    tones.ran(Runner(PoisonableEngine(), ManualClock()).run([due("a", WHOLE)]))
    assert [(each.job.id, each.early) for each in queue.tone_tasks] == [("a", None)]


@pytest.mark.parametrize(
    ("message", "is_whole"),
    [
        ("Where is my parcel?", [True]),
        ("Hello! Where is my parcel? Thank you so much!", [False]),
        ("Where is my parcel? And how do I return the shoes?", [True, False, False]),
    ],
)
def test_a_passage_knows_whether_it_is_the_message_as_it_was_written(
    model_dir: Path, message: str, is_whole: list[bool]
) -> None:
    tokenizer = Tokenizer.load(model_dir)
    reader = MessageReader(Preprocessor(tokenizer, rewrite=rewrite), tokenizer, None)
    job = replace(JOB, message=message)
    english = replace(job, message="Wo?", translation=Translation("de", message))
    for each, expected in ((job, is_whole), (english, [False] * len(is_whole))):
        (passages,) = reader.read([ClaimedJob(LeasedJob(Lease(b"", b""), each), DUE)])
        assert [passage.is_whole for passage in passages] == expected

"""A conversation keeps its variant, and a batch with jobs of both is answered in order."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from shared.jobs import Answer, ChatJob, Variant
from tests.fakes.consumer import prepared_job
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import ClaimedJob, ClaimResult, Lease, LeasedJob
from workers.dialogue.decision import Decision, Heard
from workers.dialogue.state import Dialogue
from workers.engines.blank import BlankEngine, BlankEngineMaker
from workers.engines.engine import TokenBatch
from workers.knowledge.base import Entry
from workers.knowledge.finder import Finding
from workers.preprocessing.preprocessor import Prepared
from workers.second_look.decided import Decided
from workers.variants import (
    TfidfDecider,
    VariantDecider,
    VariantReader,
    assignment,
    variant_of,
)

BLANK = (101, 102)


class NamingDecider:
    """Answer with its own name, and keep the vectors that it was given."""

    entries: dict[str, Entry] = {}  # noqa: RUF012 - no entry is needed

    def __init__(self, name: str) -> None:
        self._name = name
        self.given: list[Sequence[float]] = []

    def decide(self, batch: BatchResult[ChatJob]) -> list[Decided]:
        self.given += batch.vectors.tolist()
        return [self._decided(each.job) for each in batch.jobs]

    def _decided(self, job: ChatJob) -> Decided:
        answer = Answer("answer", f"{self._name} {job.id}", 0.9)
        heard = Heard(job.message, Dialogue("test"), Finding(job.message, ()))
        return Decided(heard, Decision(answer, ""), b"\x7f", "small", "r-1")


def batch(count: int) -> BatchResult[ChatJob]:
    jobs = tuple(prepared_job(f"job-{n}") for n in range(count))
    vectors = np.arange(count * 2, dtype=np.float32).reshape(count, 2)
    return BatchResult(jobs, vectors, 0.0, 0.0)


def by_parity(conversation_id: str) -> Variant:
    return "tfidf" if int(conversation_id.rsplit("-", 1)[1]) % 2 else "bert"


def test_half_of_the_conversations_get_each_variant() -> None:
    names = [f"conversation-{n}" for n in range(4_000)]
    share = sum(variant_of(name) == "tfidf" for name in names) / len(names)
    assert 0.46 < share < 0.54
    assert [variant_of(name) for name in names] == [variant_of(name) for name in names]


@pytest.mark.parametrize(
    ("conversation", "variant"), [("a", "bert"), ("b", "tfidf"), ("f", "bert"), ("talk-1", "tfidf")]
)
def test_the_assignment_never_changes(conversation: str, variant: Variant) -> None:
    assert variant_of(conversation) == variant


def test_without_a_test_all_conversations_have_the_one_variant() -> None:
    assert {assignment("tfidf")(f"{n}") for n in range(50)} == {"tfidf"}
    assert {assignment("bert")(f"{n}") for n in range(50)} == {"bert"}
    assert {assignment("ab")(f"{n}") for n in range(50)} == {"bert", "tfidf"}


def test_each_job_of_a_batch_gets_its_variant_in_order() -> None:
    bert, tfidf = NamingDecider("bert"), NamingDecider("tfidf")
    both = VariantDecider(bert, TfidfDecider(tfidf), by_parity)
    decided = both.decide(batch(5))
    assert [each.decision.answer.id for each in decided] == [
        "bert job-0",
        "tfidf job-1",
        "bert job-2",
        "tfidf job-3",
        "bert job-4",
    ]
    assert [each.variant for each in decided] == ["bert", "tfidf", "bert", "tfidf", "bert"]
    assert bert.given == [[0, 1], [4, 5], [8, 9]]
    assert [len(vector) for vector in tfidf.given] == [384, 384]


def test_a_batch_of_one_variant_asks_the_other_nothing() -> None:
    bert, tfidf = NamingDecider("bert"), NamingDecider("tfidf")
    decided = VariantDecider(bert, tfidf, assignment("bert")).decide(batch(2))
    assert len(decided) == 2
    assert not tfidf.given


def test_a_job_of_tfidf_is_read_and_runs_nothing() -> None:
    def read(claimed: Sequence[ClaimedJob[ChatJob]]) -> list[tuple[Prepared, ...]]:
        return [(Prepared(each.job.message, (101, 7, 102), truncated=False),) for each in claimed]

    claimed = [
        ClaimedJob(LeasedJob(Lease(b"", b""), prepared_job(f"job-{n}").job), ClaimResult("run"))
        for n in range(3)
    ]
    passages = VariantReader(read, read, BLANK, by_parity).read(claimed)
    assert [each[0].ids for each in passages] == [(101, 7, 102), BLANK, (101, 7, 102)]
    assert [each[0].text for each in passages] == [each.job.message for each in claimed]


def test_the_blank_engine_gives_a_row_for_each() -> None:
    engine = BlankEngineMaker()("auto", Path(), "answer")
    engine.warm()
    assert isinstance(engine, BlankEngine)
    assert engine.run(TokenBatch.of([BLANK, BLANK])).vectors.shape == (2, engine.dimension)
    assert engine.padded_tokens([2, 2]) == 4

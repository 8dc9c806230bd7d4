"""A batch that breaks the engine is split until the poison message is alone."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import ManualClock
from tests.fakes.consumer import POISON, PoisonableEngine, prepared_job
from workers.consumer.run import Runner
from workers.engines.engine import Encoded, TokenBatch
from workers.preprocessing.preprocessor import Prepared

_PASSAGES = (Prepared("one", (1,), truncated=False), Prepared("two", (1, 2), truncated=False))


@given(st.integers(1, 64), st.data())
def test_one_poison_message_costs_its_neighbours_few_runs(size: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, size - 1))
    engine = PoisonableEngine()
    jobs = [
        prepared_job(f"j{place}", 5, POISON if place == bad else place) for place in range(size)
    ]
    results = list(Runner(engine, ManualClock()).run(jobs))
    assert [each.job.id for batch in results for each in batch.jobs] == [
        prepared.job.id for prepared in jobs
    ]
    faulty = [batch for batch in results if batch.fault]
    assert [batch.jobs[0].job.id for batch in faulty] == [f"j{bad}"]
    for batch in results:
        if not batch.fault:
            expected = [5.0 * each.passages[0].ids[0] for each in batch.jobs]
            assert batch.vectors[:, 0].tolist() == expected
    assert len(engine.runs) <= 2 * math.ceil(math.log2(size) if size > 1 else 0) + 1


def test_early_vectors_stay_with_their_jobs() -> None:
    jobs = [prepared_job("a", 3), replace(prepared_job("b"), passages=_PASSAGES), prepared_job("c")]
    (batch,) = Runner(PoisonableEngine(gives_early=True), ManualClock()).run(jobs)
    for part in (batch, batch.part([2, 1]), *map(batch.single, range(3))):
        assert part.early is not None
        assert part.early.tolist() == (2 * part.vectors).tolist()
        assert len(part.early) == sum(len(each.passages) for each in part.jobs)
    assert batch.single(1).vectors[:, 1].tolist() == [1, 2]


@pytest.mark.parametrize("fault", ["short", "not finite"])
def test_an_engine_that_returns_nonsense_is_found_out(fault: str) -> None:
    class Lying(PoisonableEngine):
        def run(self, batch: TokenBatch) -> Encoded:
            vectors = super().run(batch).vectors
            return Encoded(vectors[:-1] if fault == "short" else vectors * np.float32(np.nan))

    (batch,) = Runner(Lying(), ManualClock()).run([prepared_job("a")])
    assert batch.fault is not None


@pytest.mark.parametrize("fault", ["short", "not finite"])
def test_an_answer_needs_no_sound_early_vector(fault: str) -> None:
    class HalfLying(PoisonableEngine):
        def run(self, batch: TokenBatch) -> Encoded:
            vectors = super().run(batch).vectors
            early = vectors[:-1] if fault == "short" else vectors * np.float32(np.nan)
            return Encoded(vectors, early)

    engine = HalfLying()
    (batch,) = Runner(engine, ManualClock()).run([prepared_job("a"), prepared_job("b")])
    assert batch.fault is None
    assert len(engine.runs) == 1
    assert len(batch.vectors) == 2
    assert (batch.early is None) == (fault == "short")

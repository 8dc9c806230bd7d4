"""A batch that breaks the engine is split until the poison message is alone."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.fakes.clock import ManualClock
from tests.unit.consumer_parts import POISON, PoisonableEngine, work
from workers.consumer.run import Runner
from workers.engines.engine import TokenBatch


@given(st.integers(1, 64), st.data())
def test_one_poison_message_costs_its_neighbours_few_runs(size: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, size - 1))
    engine = PoisonableEngine()
    works = [work(f"j{place}", 5, POISON if place == bad else place) for place in range(size)]
    results = list(Runner(engine, ManualClock()).run(works))
    assert [each.job.id for ran in results for each in ran.works] == [w.job.id for w in works]
    faulty = [ran for ran in results if ran.fault]
    assert [ran.works[0].job.id for ran in faulty] == [f"j{bad}"]
    for ran in results:
        if not ran.fault:
            expected = [5.0 * each.ids[0] for each in ran.works]
            assert ran.vectors[:, 0].tolist() == expected
    assert len(engine.runs) <= 2 * math.ceil(math.log2(size) if size > 1 else 0) + 1


@pytest.mark.parametrize("fault", ["short", "not finite"])
def test_an_engine_that_returns_nonsense_is_found_out(fault: str) -> None:
    class Lying(PoisonableEngine):
        def run(self, batch: TokenBatch) -> NDArray[np.float32]:
            vectors = super().run(batch)
            return vectors[:-1] if fault == "short" else vectors * np.float32(np.nan)

    (ran,) = Runner(Lying(), ManualClock()).run([work("a")])
    assert ran.fault is not None

"""The simulated engine takes the time its cost model says, and its vectors show what they are."""

import numpy as np
import pytest

from workers.engines.engine import TokenBatch
from workers.engines.simulated import MARK, SimulatedEngine


def test_time_is_base_plus_padded_tokens() -> None:
    slept: list[float] = []
    engine = SimulatedEngine(base_seconds=0.5, token_seconds=0.01, sleep=slept.append)
    engine.warm()
    engine.run(TokenBatch.of([[1] * 20]))
    engine.run(TokenBatch.of([[1] * 60, [2] * 60]))
    assert slept == pytest.approx([0.5 + 0.20, 0.5 + 1.28])


def test_vectors_are_marked_and_depend_on_ids_alone() -> None:
    engine = SimulatedEngine(sleep=lambda _seconds: None)
    engine.warm()
    first, second, third = engine.run(TokenBatch.of([(1, 2), (1, 2, 3), (1, 2)])).vectors
    assert first[0] == second[0] == MARK
    assert (first == third).all()
    assert not np.allclose(first, second)

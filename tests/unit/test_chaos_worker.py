"""The campaign's engine fails on its word and passes everything else on."""

import numpy as np
import pytest

from infra.chaos.worker import FaultyEngine
from shared.errors import EngineError
from workers.engines.engine import TokenBatch
from workers.engines.simulated import SimulatedEngine

POISON_ID, CRASH_ID = 7, 8


def test_a_batch_with_the_poison_word_fails_and_others_run() -> None:
    real = SimulatedEngine(sleep=lambda _: None)
    engine = FaultyEngine(real, POISON_ID, CRASH_ID)
    engine.warm()
    good = TokenBatch.of([[1, 2], [3]])
    assert np.array_equal(engine.run(good).vectors, real.run(good).vectors)
    with pytest.raises(EngineError, match="poisoned"):
        engine.run(TokenBatch.of([[1, 2], [POISON_ID]]))
    assert engine.padded_tokens([2, 1]) == real.padded_tokens([2, 1])
    assert (engine.name, engine.cost, engine.shapes) == (real.name, real.cost, real.shapes)


def test_without_a_crash_word_nothing_crashes() -> None:
    engine = FaultyEngine(SimulatedEngine(sleep=lambda _: None), POISON_ID, None)
    engine.warm()
    assert engine.run(TokenBatch.of([[CRASH_ID]])).vectors.shape == (1, engine.dimension)

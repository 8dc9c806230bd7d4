"""The cost model: fitted to timings, and measured by an engine as it warms up."""

import numpy as np
import pytest

from workers.engines.cost import CostModel, fit_cost
from workers.engines.engine import Encoded, Shape, TokenBatch
from workers.engines.grid_engine import GridEngine
from workers.engines.packing import InputTensors

TRUE = CostModel(base_seconds=0.002, token_seconds=0.000_07)


class Timed(GridEngine):
    """An engine that takes what the cost model says, and now and then much longer."""

    def __init__(self, cost: CostModel, shapes: tuple[Shape, ...]) -> None:
        super().__init__("timed", 1, shapes, 128, clock=lambda: self.now)
        self.now = 0.0
        self.ran: list[Shape] = []
        self._true = cost

    def _load(self) -> None: ...

    def _run_packed(self, grids: InputTensors, shape: Shape) -> Encoded:
        self.ran.append(shape)
        disturbed = 0.1 if len(self.ran) % 4 == 3 else 0.0  # one run of each shape's four
        self.now += self._true.seconds(shape.rows * shape.tokens) + disturbed
        return Encoded(np.zeros((shape.rows, 16, 1), np.float32))


def test_a_cost_model_is_found_again() -> None:
    timings = [(tokens, TRUE.seconds(tokens)) for tokens in (10, 64, 256)]
    found = fit_cost(timings)
    assert found.base_seconds == pytest.approx(TRUE.base_seconds)
    assert found.token_seconds == pytest.approx(TRUE.token_seconds)
    assert found.seconds(100) == pytest.approx(0.009)


@pytest.mark.parametrize("timings", [[(64, 0.32)], [(10, 0.04), (20, 0.12)]])
def test_no_part_of_a_cost_is_negative(timings: list[tuple[int, float]]) -> None:
    found = fit_cost(timings)
    assert found.base_seconds == 0
    assert found.token_seconds == pytest.approx(0.005, rel=0.1)


def test_warming_up_measures_past_disturbances() -> None:
    engine = Timed(TRUE, (Shape(1, 16), Shape(1, 64), Shape(4, 64)))
    engine.warm()
    assert engine.cost.base_seconds == pytest.approx(TRUE.base_seconds)
    assert engine.cost.token_seconds == pytest.approx(TRUE.token_seconds)


def test_an_engine_packs_by_its_own_cost() -> None:
    dear_calls = Timed(CostModel(1.0, 0.000_001), (Shape(1, 64), Shape(4, 64)))
    dear_calls.warm()
    dear_calls.ran.clear()
    dear_calls.run(TokenBatch.of([[1] * 64] * 3))
    assert dear_calls.ran == [Shape(4, 64)]
    assert dear_calls.padded_tokens([64] * 3) == 256

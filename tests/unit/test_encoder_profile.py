"""Speeds are medians, and the cost model is fitted to them."""

import pytest

from tests.fakes.stopwatch import Stopwatch
from workers.engines.engine import Shape
from workers.engines.layout import LITERT_SHAPES, signature
from workers.engines.simulated import SimulatedEngine
from workers.modelling.encoder.profile import Speed, cost_of, measure


@pytest.fixture
def speeds() -> list[Speed]:
    watch = Stopwatch()
    engine = SimulatedEngine(base_seconds=0.02, token_seconds=0.001, sleep=watch.sleep)
    engine.warm()
    return measure(engine, "answer", threads=1, rounds=3, clock=watch.read)


def test_every_shape_is_timed(speeds: list[Speed]) -> None:
    assert [speed.shape for speed in speeds] == list(LITERT_SHAPES)
    first = speeds[0]
    assert first.milliseconds == pytest.approx(30)
    assert first.messages_per_second == pytest.approx(10 / 16 / 0.030)
    assert first.microseconds_per_token == pytest.approx(30_000 / 10)


def test_the_cost_model_is_found_again(speeds: list[Speed]) -> None:
    cost = cost_of(speeds)
    assert cost.model.base_seconds == pytest.approx(0.02)
    assert cost.model.token_seconds == pytest.approx(0.001)
    assert cost.engine == "simulated"


def test_signatures_name_their_shape() -> None:
    assert signature(Shape(4, 64)) == "b4_t64"

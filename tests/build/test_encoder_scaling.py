"""Crews of engines take turns; what each did is counted."""

from pathlib import Path

import pytest

from shared.errors import EngineError
from workers.engines.simulated import SimulatedEngine
from workers.modelling.encoder.scaling import Crew, measure_crews
from workers.modelling.encoder.scaling_process import Turn, batches, decode_turn, run_turn, serve


class Watch:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_turn_lasts_until_its_time_is_over() -> None:
    watch = Watch()
    engine = SimulatedEngine(base_seconds=0.3, token_seconds=0.0, sleep=watch.sleep)
    engine.warm()
    turn = run_turn(engine, batches([[1, 2]], at_once=5), 1.0, watch.read)
    assert turn.rows == 20
    assert turn.seconds == pytest.approx(1.2)


def test_rows_come_in_their_order_again_and_again() -> None:
    supply = batches([[1], [2], [3]], at_once=2)
    assert [next(supply).ids[:, 0].tolist() for _ in range(3)] == [[1, 2], [3, 1], [2, 3]]


def test_a_member_warms_up_and_answers_each_line() -> None:
    engine = SimulatedEngine(sleep=lambda _seconds: None)
    answers = serve(engine, ["[[101, 7, 102]]\n", "0.01\n"])
    assert next(answers) == "warm"
    assert decode_turn(next(answers)).rows >= 32
    assert list(answers) == []


def test_a_crew_is_as_quick_as_its_members_together(model_dir: Path) -> None:
    one, two = measure_crews(
        model_dir, ["where is my card"], (Crew(1, 1), Crew(2, 1)), rounds=2, turn_seconds=0.05
    )
    assert [one.crew.workers, two.crew.workers] == [1, 2]
    for speed in (one, two):
        assert len(speed.rows_per_second) == 2
        assert min(speed.rows_per_second) > 0
        assert speed.cpu_milliseconds_per_row > 0


def test_a_member_that_dies_is_told(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.modelling.encoder.scaling.token_rows", lambda *_: "not rows")
    with pytest.raises(EngineError, match="ended with status 1"):
        measure_crews(model_dir, ["where is my card"], (Crew(1, 1),), rounds=1)


def test_turns_travel_as_json() -> None:
    assert decode_turn('{"rows": 3, "seconds": 0.5, "cpu_seconds": 0.25}') == Turn(3, 0.5, 0.25)

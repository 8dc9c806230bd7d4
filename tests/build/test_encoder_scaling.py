"""Worker layouts take turns; what each did is counted."""

from pathlib import Path

import pytest

from shared.errors import EngineError
from tests.fakes.stopwatch import Stopwatch
from workers.engines.simulated import SimulatedEngine
from workers.modelling.encoder.scaling import WorkerLayout, measure_scaling
from workers.modelling.encoder.scaling_process import Round, batches, decode_round, run_round, serve


def test_a_round_lasts_until_its_time_is_over() -> None:
    watch = Stopwatch()
    engine = SimulatedEngine(base_seconds=0.3, token_seconds=0.0, sleep=watch.sleep)
    engine.warm()
    done = run_round(engine, batches([[1, 2]], batch_size=5), 1.0, watch.read)
    assert done.rows == 20
    assert done.seconds == pytest.approx(1.2)


def test_rows_come_in_their_order_again_and_again() -> None:
    supply = batches([[1], [2], [3]], batch_size=2)
    assert [next(supply).ids[:, 0].tolist() for _ in range(3)] == [[1, 2], [3, 1], [2, 3]]


def test_a_process_warms_up_and_answers_each_line() -> None:
    engine = SimulatedEngine(sleep=lambda _seconds: None)
    answers = serve(engine, ["[[101, 7, 102]]\n", "0.01\n"])
    assert next(answers) == "warm"
    assert decode_round(next(answers)).rows >= 32
    assert list(answers) == []


def test_a_layout_is_as_fast_as_its_processes_together(model_dir: Path) -> None:
    one, two = measure_scaling(
        model_dir,
        ["where is my card"],
        (WorkerLayout(1, 1), WorkerLayout(2, 1)),
        rounds=2,
        round_seconds=0.05,
    )
    assert [one.layout.workers, two.layout.workers] == [1, 2]
    for speed in (one, two):
        assert len(speed.rows_per_second) == 2
        assert min(speed.rows_per_second) > 0
        assert speed.cpu_milliseconds_per_row > 0


def test_a_process_that_dies_is_named(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.modelling.encoder.scaling.token_rows", lambda *_: "not rows")
    with pytest.raises(EngineError, match="ended with status 1"):
        measure_scaling(model_dir, ["where is my card"], (WorkerLayout(1, 1),), rounds=1)


def test_rounds_travel_as_json() -> None:
    assert decode_round('{"rows": 3, "seconds": 0.5, "cpu_seconds": 0.25}') == Round(3, 0.5, 0.25)

"""The gate lets an engine through that is faster and as accurate, and stores what it chose."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from infra.cli.model_rows import rows_of_base, rows_of_file, thinned
from shared.errors import CommandMisused, ModelError
from tests.fakes.stopwatch import Stopwatch
from tests.support.linked_model import linked
from workers.engines.choice import read_choice
from workers.engines.cost import CostModel
from workers.engines.engine import Encoded, Shape, TokenBatch
from workers.engines.select import EngineName, machine_name, select_engine
from workers.engines.speed import fastest, rows_per_second
from workers.modelling.encoder import gate
from workers.modelling.encoder.gate import (
    LabelledRow,
    Measured,
    choose,
    nearest_neighbour_accuracy,
)

LABELS = np.array([0, 0, 1, 1])
BASELINE = Measured("litert-fp32", 400.0, 0.900)


class Paced:
    """Take a time for each row; know the label in a row's first id, or not."""

    dimension = 3
    gives_early = False
    shapes = (Shape(128, 128),)
    cost = CostModel(0.0, 1e-5)

    def __init__(
        self, name: str, row_seconds: float, watch: Stopwatch, *, knows: bool = True
    ) -> None:
        self.name = name
        self._row_seconds = row_seconds
        self._watch = watch
        self._knows = knows
        self.calls = 0

    def warm(self) -> None: ...

    def padded_tokens(self, lengths: object) -> int:
        return 0

    def run(self, batch: TokenBatch) -> Encoded:
        self.calls += 1
        disturbed = 5.0 if self.calls == 1 else 0.0
        self._watch.now += disturbed + self._row_seconds * len(batch.lengths)
        if not self._knows:
            return Encoded(np.random.default_rng(7).random((len(batch.lengths), 3), np.float32))
        return Encoded(np.eye(3, dtype=np.float32)[batch.ids[:, 1] % 3])


@pytest.mark.parametrize(
    ("measured", "refused", "chosen"),
    [
        (Measured("litert-int8", 480.0, 0.895), None, "litert-int8"),
        (Measured("litert-int8", 479.0, 0.950), "only 1.198 times as fast", "litert-fp32"),
        (Measured("litert-int8", 900.0, 0.894), "loses 0.60 points", "litert-fp32"),
        (Measured("tensorflow-fp32", 200.0, 0.900), "only 0.500 times as fast", "litert-fp32"),
        (Measured("tensorflow-fp16", 9000.0, 0.899), None, "tensorflow-fp16"),
    ],
)
def test_the_limits(measured: Measured, refused: str | None, chosen: EngineName) -> None:
    report = choose([measured, BASELINE], LABELS)
    assert report.chosen == chosen
    assert [trial.engine for trial in report.trials] == ["litert-fp32", measured.engine]
    assert [trial.refused for trial in report.trials] == [None, refused]


def test_the_fastest_that_may_be_chosen_is() -> None:
    good = Measured("litert-int8", 900.0, 0.899)
    better = Measured("tensorflow-fp16", 5000.0, 0.899)
    assert choose([BASELINE, good, better], LABELS).chosen == "tensorflow-fp16"
    blind = Measured("tensorflow-fp16", 5000.0, 0.1)
    assert choose([BASELINE, good, blind], LABELS).chosen == "litert-int8"


def test_engines_run_in_turns_and_disturbed_rounds_do_not_count() -> None:
    watch = Stopwatch()
    engines: dict[EngineName, Paced] = {
        "litert-fp32": Paced("litert-fp32", 0.002, watch),
        "litert-int8": Paced("litert-int8", 0.001, watch),
    }
    rates = rows_per_second(engines, [[1, 2]] * 200, rounds=2, clock=watch.read)
    assert rates == pytest.approx({"litert-fp32": 500.0, "litert-int8": 1000.0})
    assert [engine.calls for engine in engines.values()] == [4, 4]


def test_a_row_is_never_its_own_nearest() -> None:
    vectors = np.array([[1, 0], [5, 0.1], [0, 1], [0.1, 3], [1, 1]], np.float32)
    assert nearest_neighbour_accuracy(vectors, np.array([0, 0, 1, 1, 2])) == pytest.approx(0.8)


@pytest.mark.parametrize("labels", [["a", "a", "a"], ["a", "b", "c"]])
def test_rows_that_tell_nothing_are_refused(labels: list[str], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="two labels or more"):
        gate.run_gate(tmp_path, [LabelledRow("text", label) for label in labels])


def test_only_what_is_clearly_faster_takes_the_first_ones_place() -> None:
    assert fastest({"one": 100.0, "other": 109.0}) == "one"
    assert fastest({"one": 100.0, "other": 111.0}) == "other"
    assert fastest({"one": 100.0}) == "one"


@pytest.mark.parametrize(("knows", "chosen"), [(True, "litert-int8"), (False, "litert-fp32")])
def test_the_choice_is_stored_and_obeyed(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, knows: bool, chosen: str
) -> None:
    watch, model = Stopwatch(), linked(model_dir, tmp_path / "model")
    engines = {
        "litert-fp32": Paced("litert-fp32", 0.002, watch),
        "litert-int8": Paced("litert-int8", 0.001, watch, knows=knows),
    }
    monkeypatch.setattr(gate, "runnable", lambda _: tuple(engines))
    monkeypatch.setattr(gate, "make_engine", lambda name, *_: engines[name])
    words = ["card", "account", "bank", "money", "phone", "transfer"]
    rows = [LabelledRow(words[n % 6], str(n % 6)) for n in range(60)]
    report = gate.run_gate(model, rows, clock=watch.read)
    assert report.chosen == chosen == read_choice(model, machine_name())
    assert (report.rows, report.labels) == (60, 6)
    assert select_engine("auto", model, "answer").name == chosen


def test_the_built_model_is_as_it_must_be_and_the_command_measures_chooses_and_reports(
    model_dir: Path, tmp_path: Path, parley: Callable[..., tuple[int, str, str]]
) -> None:
    model, data = linked(model_dir, tmp_path / "model"), tmp_path / "rows.jsonl"
    asked = {"card": "where is my {} card", "fee": "why did you take a {} fee from me"}
    kinds = ["new", "lost", "stolen", "blue", "small", "second", "monthly", "foreign"]
    rows = [{"text": t.format(k), "label": n} for n, t in asked.items() for k in kinds]
    data.write_text("\n".join(json.dumps(row) for row in rows))
    code, out, errors = parley(
        "model", "check", "--gate", "--data", str(data), "--model-dir", str(model), "--json"
    )
    assert code == 0, errors
    report = json.loads(out)
    assert report["ok"], report["parities"]
    assert len(report["parities"]) == 9
    exact = [p for p in report["parities"] if p["engine"] in ("saved-model", "tensorflow-fp32")]
    assert exact
    assert all(each["max_difference"] <= 1e-5 for each in exact)
    assert report["speeds"] == []
    gate_report = report["gate"]
    assert gate_report["trials"][0]["engine"] == "litert-fp32"
    assert {trial["accuracy"] for trial in gate_report["trials"]} == {1.0}
    assert gate_report["chosen"] == read_choice(model, machine_name())


def test_a_file_of_rows(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "Where is it?", "label": "where", "more": 1}\n\n')
    assert rows_of_file(file) == [LabelledRow("Where is it?", "where")]
    file.write_text('{"text": "Where is it?", "label": "where"}\n{"text": "Why?"}\n')
    with pytest.raises(CommandMisused, match=r"rows\.jsonl:2: .*label"):
        rows_of_file(file)
    with pytest.raises(CommandMisused, match="cannot be read"):
        rows_of_file(tmp_path / "absent.jsonl")


def test_a_base_of_rows(tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text("- {id: pay, question: How do I pay?, phrasings: [Pay how?], answer: By card.}")
    assert rows_of_base(base) == [
        LabelledRow("How do I pay?", "pay"),
        LabelledRow("Pay how?", "pay"),
    ]


def test_rows_are_thinned_evenly() -> None:
    rows = [LabelledRow(str(number), "") for number in range(10)]
    assert [row.text for row in thinned(rows, 4)] == ["0", "2", "5", "7"]
    assert thinned(rows, 10) == rows


def test_data_without_the_gate_is_refused(parley: Callable[..., tuple[int, str, str]]) -> None:
    code, _, errors = parley("model", "check", "--data", "rows.jsonl")
    assert code == 2
    assert "goes with --gate" in errors

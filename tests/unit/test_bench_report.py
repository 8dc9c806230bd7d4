"""What a reader is shown: comparisons, tables, pictures."""

import dataclasses
from pathlib import Path

import msgspec
import pytest

from infra.bench.figures import GENERATOR, Batches, Figures, Latency
from infra.bench.plan import OVERLOAD, BenchPlan
from infra.bench.plots import draw
from infra.bench.ratios import Ratios, by_kind, ratios
from infra.bench.report import Report, compare, make_report, worker_steps
from infra.bench.selection import NOMINAL_LOAD
from infra.bench.tables import markdown, noise_note, notes, tables
from infra.harness.messages import Messages


def figures(system: str, users: int, rate: float, **changes: object) -> Figures:
    fields: dict[str, object] = {
        "offered_per_second": None,
        "seconds": 10.0,
        "answered": int(10 * rate),
        "errors": 0,
        "latency": Latency(5.0, 9.0, 12.0, 6.0),
        **changes,
    }
    return Figures(system, users, messages_per_second=rate, **fields)  # type: ignore[arg-type]


STEPS = {"complete": 0.02, "engine": 0.75, "lease": 0.03, "prepare": 0.1}
MEASURED = (
    figures(
        "parley",
        1,
        100.0,
        latency=Latency(5.0, 9.0, 12.0, 6.0),
        batches={"inference": Batches(1.0, 0.4)},
    ),
    figures(
        "parley",
        256,
        600.0,
        cpu_ms={"gateway": 0.9, "redis": 0.2, "flower": 0.3, "inference": 1.2, GENERATOR: 0.3},
        rss_mb={"gateway": 80.0, "inference": 300.0, "load generator": 70.0},
        batches={"inference": Batches(30.0, 0.125, STEPS, "litert-int8")},
        stages_ms={"http": 1.0, "queue": 200.0, "engine": 20.0},
    ),
    figures("parley", 64, 420.0, offered_per_second=420.0, late_ms=0.5),
    figures("parley", 64, 600.0, offered_per_second=700.0, errors=3),
    figures("parley", 64, 580.0, offered_per_second=1190.0, goodput_per_second=540.0, errors=900),
    figures("mosec", 1, 80.0, latency=Latency(8.0, 9.0, 12.0, 8.0)),
    figures("mosec", 256, 240.0),
    figures("tutorial", 256, 50.0),
    figures("stock", 32, 150.0),
    figures("stock", 256, 200.0),
    figures("echo", 256, 2000.0, cpu_ms={"gateway": 0.7}),
    figures("ideal", 1, 1000.0, latency=None),
    figures("ideal", 2, 1500.0, latency=None),
)


@pytest.fixture
def report() -> Report:
    return make_report("2026-01-01T00:00:00+0000", Messages("some", ("a", "b")), MEASURED)


def test_comparisons_are_of_like_with_like() -> None:
    assert compare(MEASURED) == {
        "parley ÷ mosec, 256 users": 2.5,
        "parley ÷ stock, 256 users": 3.0,
        "parley ÷ tutorial, 256 users": 12.0,
        "parley, 256 users ÷ ideal ×1": 0.6,
        "parley, 256 users ÷ ideal ×2": 0.4,
        "gateway CPU above a bare Flask echo, µs a message, 256 users": pytest.approx(200),
        "inference worker CPU outside the engine, µs a message, 256 users": pytest.approx(450),
        "of it lease and complete": pytest.approx(50),
        "p50 ms, 1 user": 5.0,
        "mean batch, 1 user": 1.0,
        "mean batch, 256 users": 30.0,
        "padding waste, 256 users": 0.125,
        "p99 ms, 70% of saturation": 12.0,
        "goodput ÷ saturation, 2 × saturation offered": 0.9,
    }


def test_only_what_was_measured_is_compared() -> None:
    assert compare([]) == {}
    assert compare([figures("stock", 256, 200.0)]) == {}
    apart = [figures("parley", 8, 100.0), figures("stock", 32, 50.0)]
    assert set(compare(apart)) == set()
    no_nominal = [figures("parley", 8, 100.0), figures("parley", 64, 50.0, offered_per_second=50.0)]
    assert set(compare(no_nominal)) == set()


def test_the_report_is_json_that_holds_every_figure(report: Report, tmp_path: Path) -> None:
    report.save(tmp_path / "report.json")
    read = msgspec.json.decode((tmp_path / "report.json").read_bytes())
    assert [f["messages_per_second"] for f in read["figures"]] == [
        f.messages_per_second for f in MEASURED
    ]
    assert read["machine"]["processors"] >= 1
    assert msgspec.convert(read, Report) == report


def test_every_table_is_whole(report: Report) -> None:
    made = tables(report)
    assert len(made) == 7
    for table in made:
        assert {len(row) for row in table.rows} == {len(table.head)}
    page = markdown(report)
    assert "| stock | 256 | 200 | 5.00 | 9.00 | 12.0 | 0 |" in page
    assert "| 700.0 | 600 * | 0.00 |" in page
    assert "| 1,190.0 | 580 * | 540 |" in page
    assert "| ideal ×2 | – | 1,500 |" in page
    assert "| parley, 256 users: inference | 1.20 | 0.75 | 300 |" in page


def test_a_noisy_run_says_so(report: Report) -> None:
    assert noise_note(report) == ""
    assert "Other programs" not in markdown(report)
    noisy = (*MEASURED, figures("stock", 1, 9.0, other_cores=0.84))
    made = make_report("now", Messages("some", ("a",)), noisy)
    assert "up to 0.8 of" in noise_note(made)
    assert "during 1 of 14 measurements" in noise_note(made)
    assert noise_note(made) in markdown(made)


def test_a_machines_row_of_ratios_names_its_kind(report: Report) -> None:
    machine = dataclasses.replace(report.machine, kind="AVX2", processor="some EPYC")
    table = by_kind(machine, ratios(MEASURED))
    assert table.rows == (("AVX2", "litert-int8", "2.50", "0.62", "3.00", "0.90", "12.00", "2.00"),)
    assert table.head[2] == "messages/s at 256 ÷ mosec"
    page = markdown(dataclasses.replace(report, machine=machine))
    place = f"AVX2, {machine.processors} processors (some EPYC), with litert-int8"
    assert page.startswith(f"Measured on {place}.")
    assert f"### At a glance, on {place}" in page


def test_a_run_by_default_measures_the_nominal_load_and_twice_saturation() -> None:
    assert {NOMINAL_LOAD, OVERLOAD} <= {
        round(rate / 1000, 2) for rate in BenchPlan().open_rates(1000.0)
    }


def test_what_was_not_measured_has_no_ratio(report: Report) -> None:
    assert by_kind(report.machine, ratios(())).rows == ()
    alone = ratios([figures("parley", 8, 100.0), figures("mosec", 32, 50.0)])
    assert alone == Ratios(8, None, None, None, None, None, None)


def test_a_system_that_was_left_out_is_told_with_the_reason() -> None:
    made = make_report("now", Messages("some", ("a",)), MEASURED, {"mosec": "no index"})
    assert notes(made) == ("mosec was left out: no index",)
    assert "\nmosec was left out: no index\n" in markdown(made)


def test_tables_without_rows_are_left_out() -> None:
    only_ideal = make_report("now", Messages("some", ("a",)), MEASURED[-1:])
    assert [table.title.split(":")[0] for table in tables(only_ideal)] == ["Closed loop"]


def test_pictures_are_drawn_of_what_is_there(report: Report, tmp_path: Path) -> None:
    drawn = draw(report, tmp_path)
    assert [path.name for path in drawn] == ["throughput.png", "latency.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
    assert draw(make_report("now", Messages("some", ("a",)), ()), tmp_path) == []


def test_a_workers_steps_and_the_rest_make_up_what_it_takes() -> None:
    steps = worker_steps(MEASURED[1], "inference")
    assert steps == {**STEPS, "rest": pytest.approx(0.3)}
    assert worker_steps(MEASURED[1], "sentiment") == {}

"""What a reader is shown: comparisons, tables, pictures."""

from pathlib import Path

import msgspec
import pytest

from infra.bench.figures import Batches, Figures, Latency
from infra.bench.plots import draw
from infra.bench.report import Report, compare, make_report, worker_steps
from infra.bench.tables import markdown, noise_note, tables
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
    figures("parley", 1, 100.0, batches={"inference": Batches(1.0, 0.4)}),
    figures(
        "parley",
        256,
        600.0,
        cpu_ms={"gateway": 0.9, "inference": 1.2, "load generator": 0.3},
        rss_mb={"gateway": 80.0, "inference": 300.0, "load generator": 70.0},
        batches={"inference": Batches(30.0, 0.125, STEPS)},
        stages_ms={"http": 1.0, "queue": 200.0, "engine": 20.0},
    ),
    figures("parley", 64, 420.0, offered_per_second=420.0, late_ms=0.5),
    figures("parley", 64, 600.0, offered_per_second=700.0, errors=3),
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
        "parley ÷ stock, 256 users": 3.0,
        "parley ÷ tutorial, 256 users": 12.0,
        "parley, 256 users ÷ ideal ×1": 0.6,
        "parley, 256 users ÷ ideal ×2": 0.4,
        "gateway CPU above a bare Flask echo, µs a message, 256 users": pytest.approx(200),
        "inference worker CPU outside the engine, µs a message, 256 users": pytest.approx(450),
        "of it lease and complete": pytest.approx(50),
        "p50 ms, 1 user": 5.0,
        "mean batch, 1 users": 1.0,
        "mean batch, 256 users": 30.0,
        "padding waste, 256 users": 0.125,
        "p99 ms, 70% of saturation": 12.0,
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
    assert len(made) == 6
    for table in made:
        assert {len(row) for row in table.rows} == {len(table.head)}
    page = markdown(report)
    assert "| stock | 256 | 200 | 5.00 | 9.00 | 12.0 | 0 |" in page
    assert "| 700.0 | 600 * |" in page
    assert "| ideal ×2 | – | 1,500 |" in page
    assert "| parley, 256 users: inference | 1.20 | 0.75 | 300 |" in page


def test_a_noisy_run_says_so(report: Report) -> None:
    assert noise_note(report) == ""
    assert "Other programs" not in markdown(report)
    noisy = (*MEASURED, figures("stock", 1, 9.0, other_cores=0.84))
    made = make_report("now", Messages("some", ("a",)), noisy)
    assert "up to 0.8 of" in noise_note(made)
    assert "during 1 of 11 measurements" in noise_note(made)
    assert noise_note(made) in markdown(made)


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

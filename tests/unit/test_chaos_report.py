"""A campaign's report as people meet it: tables, a page, a picture."""

import dataclasses
from pathlib import Path

import msgspec
import pytest

from infra.chaos.faults import CATALOGUE, VOICE_FAULTS, PlannedFault
from infra.chaos.picture import draw
from infra.chaos.plan import ChaosPlan
from infra.chaos.recovery import Recovery
from infra.chaos.report import ChaosReport, Timeline, markdown, tables
from infra.chaos.scheduler import Injection
from infra.chaos.verdict import CampaignVerdict, Violation
from infra.chaos.voice_verdict import VoiceFigures
from infra.harness.machine import this_machine

GOOD = CampaignVerdict(
    messages=10,
    sent=10,
    accepted=9,
    answered=8,
    errors_reported=1,
    unknown=1,
    lost=0,
    doubled=0,
    out_of_order=0,
    dead_letters=1,
    broken={},
    examples=(),
    errors={"urn:parley:problem:job-failed": 1},
    trouble={"ConnectionResetError": 4},
    retries=4,
)


@pytest.fixture
def report() -> ChaosReport:
    injections = [
        Injection(PlannedFault(1.0, spec.action, target, 0.5), 101.0, 101.5)
        for spec in (*CATALOGUE, *VOICE_FAULTS)
        for target in spec.targets
    ]
    return ChaosReport(
        made_at="2026-01-01T00:00:00+0000",
        machine=this_machine(),
        plan=ChaosPlan(7, voice=True),
        load_seconds=3.0,
        settle_seconds=1.0,
        verdict=GOOD,
        recoveries=(Recovery("inference killed: messages back", 3, 2.0, 6.0, 1, 3.0, 5.0),),
        injections=tuple(injections),
        missed=(),
        deaths={"redis": 1},
        timeline=Timeline(100.0, (5, 0, 3), (0, 0, 1), (0, 4, 0)),
        voice=VoiceFigures(3, 2, 3, followed=1, asked=9, planted=4),
    )


def rows(report: ChaosReport) -> dict[str, str]:
    return {row[0]: row[-1] for table in tables(report) for row in table.rows}


def test_the_verdict_comes_first_and_figures_are_shown(report: ChaosReport) -> None:
    assert tables(report)[0].title == "Seed 7: every promise kept"
    shown = rows(report)
    assert (shown["accepted"], shown["lost"], shown["job-failed"]) == ("9", "0", "1")
    assert shown["ConnectionResetError"] == "4"
    assert shown["inference killed: messages back"] == "5"
    assert shown["falsehoods that it said"] == "4"


def test_a_broken_promise_is_shown_and_a_missed_target_is_marked(report: ChaosReport) -> None:
    bad = dataclasses.replace(
        GOOD, lost=1, broken={"lost": 1}, examples=(Violation("lost", "accepted as j", 3),)
    )
    slow = dataclasses.replace(report.recoveries[0], alone_p99=None)
    page = markdown(dataclasses.replace(report, verdict=bad, recoveries=(slow,)))
    assert "Seed 7: BROKEN" in page
    assert "| lost | 3 | accepted as j |" in page
    assert "5 MISSED" in page


def test_tables_fit_a_terminal(report: ChaosReport) -> None:
    for table in tables(report):
        widths = [max(map(len, column)) for column in zip(table.head, *table.rows, strict=True)]
        assert sum(widths) + 2 * len(widths) <= 80


def test_the_picture_shows_every_kind_of_fault(report: ChaosReport, tmp_path: Path) -> None:
    path = tmp_path / "timeline.png"
    draw(report, path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_report_is_json(report: ChaosReport, tmp_path: Path) -> None:
    report.save(tmp_path / "report.json")
    kept = msgspec.json.decode((tmp_path / "report.json").read_bytes())
    assert kept["verdict"]["accepted"] == 9
    assert len(kept["injections"]) == len(report.injections)

"""One campaign as a whole, as JSON and as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from infra.chaos.faults import PlannedFault
from infra.chaos.plan import ChaosPlan
from infra.chaos.recovery import Recovery
from infra.chaos.scheduler import Injection
from infra.chaos.verdict import CampaignVerdict
from infra.chaos.voice_verdict import VoiceFigures
from infra.harness.machine import Machine
from infra.tables import NO_VALUE, Table, markdown_page

_URN = "urn:parley:problem:"
_MAX_WIDTH = 50  # characters of a sentence in a table


@dataclass(frozen=True, slots=True)
class Timeline:
    """What clients received in each second of the load; `began_at` is Unix seconds."""

    began_at: float
    answered: tuple[int, ...]
    errors: tuple[int, ...]
    trouble: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChaosReport:
    """All results of a campaign. Deaths count the ends of each service, injected ones included."""

    made_at: str
    machine: Machine
    plan: ChaosPlan
    load_seconds: float
    settle_seconds: float
    verdict: CampaignVerdict
    recoveries: tuple[Recovery, ...]
    injections: tuple[Injection, ...]
    missed: tuple[PlannedFault, ...]
    deaths: Mapping[str, int]
    timeline: Timeline
    voice: VoiceFigures | None = None

    def save(self, path: Path) -> None:
        """Write the report as JSON."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")


def tables(report: ChaosReport) -> list[Table]:
    """Return the tables that have any row, the most wanted first."""
    candidates = (
        _verdict(report),
        _broken(report.verdict),
        _voice(report.voice),
        _recoveries(report.recoveries),
        _counts("Errors reported for accepted messages", report.verdict.errors),
        _counts("Attempts that failed and were repeated", report.verdict.trouble),
    )
    return [table for table in candidates if table.rows]


def markdown(report: ChaosReport) -> str:
    """Return all tables as a page."""
    return markdown_page(tables(report))


def _verdict(report: ChaosReport) -> Table:
    verdict = report.verdict
    rows = (
        ("messages sent", f"{verdict.sent:,}"),
        ("faults injected", f"{len(report.injections):,}"),
        ("accepted", f"{verdict.accepted:,}"),
        ("answered", f"{verdict.answered:,}"),
        ("errors reported", f"{verdict.errors_reported:,}"),
        ("never known to be accepted", f"{verdict.unknown:,}"),
        ("sent again by clients", f"{verdict.retries:,}"),
        ("lost", f"{verdict.lost:,}"),
        ("doubled effects", f"{verdict.doubled:,}"),
        ("turns out of order", f"{verdict.out_of_order:,}"),
        ("dead letters", f"{verdict.dead_letters:,}"),
        ("broken promises in all", f"{sum(verdict.broken.values()):,}"),
    )
    title = f"Seed {report.plan.seed}: {'every promise kept' if verdict.good else 'BROKEN'}"
    return Table(title, ("what became of the messages", ""), rows)


def _broken(verdict: CampaignVerdict) -> Table:
    rows = tuple(
        (each.kind, NO_VALUE if each.number is None else str(each.number), each.detail[:_MAX_WIDTH])
        for each in verdict.examples
    )
    return Table("Broken promises, the first of them", ("what", "message", "how"), rows)


def _voice(figures: VoiceFigures | None) -> Table:
    told = (
        ("in the model's words", "model"),
        ("in the model's and the entry's", "both"),
        ("in the entry's own words", "entry"),
        ("followed as they came", "followed"),
        ("calls of the model", "asked"),
        ("falsehoods that it said", "planted"),
    )
    rows = tuple((label, f"{getattr(figures, name):,}") for label, name in told if figures)
    return Table("Answers", ("with a language model", ""), rows)


def _recoveries(recoveries: Sequence[Recovery]) -> Table:
    head = ("seconds", "n", "p50", "p99", "alone", "p99 alone", "target")
    rows = tuple(
        (
            each.name,
            str(each.count),
            f"{each.p50:.2f}",
            f"{each.p99:.2f}",
            str(each.alone),
            NO_VALUE if each.alone_p99 is None else f"{each.alone_p99:.2f}",
            NO_VALUE
            if each.target_seconds is None
            else f"{each.target_seconds:.0f}{' MISSED' if each.missed else ''}",
        )
        for each in recoveries
    )
    return Table("Recovery", head, rows)


def _counts(title: str, counts: Mapping[str, int]) -> Table:
    rows = tuple((kind.removeprefix(_URN), f"{count:,}") for kind, count in counts.items())
    return Table(title, ("kind", ""), rows)

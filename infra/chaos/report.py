"""One campaign as a whole, as JSON and as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from infra.bench.report import Machine
from infra.bench.tables import Sheet
from infra.chaos.faults import Fault
from infra.chaos.plan import ChaosPlan
from infra.chaos.recovery import Recovery
from infra.chaos.strikes import Strike
from infra.chaos.verdict import Verdict

_NONE = "–"
_URN = "urn:parley:problem:"
_WIDEST = 50  # characters of a sentence in a table


@dataclass(frozen=True, slots=True)
class Timeline:
    """What clients heard in each second of the load; `began_at` is Unix seconds."""

    began_at: float
    answered: tuple[int, ...]
    errors: tuple[int, ...]
    trouble: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChaosReport:
    """All that a campaign has to say. Deaths count the ends of each part, wanted ones included."""

    made_at: str
    machine: Machine
    plan: ChaosPlan
    load_seconds: float
    heal_seconds: float
    verdict: Verdict
    recoveries: tuple[Recovery, ...]
    strikes: tuple[Strike, ...]
    missed: tuple[Fault, ...]
    deaths: Mapping[str, int]
    timeline: Timeline

    def save(self, path: Path) -> None:
        """Write the report as JSON."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")


def sheets(report: ChaosReport) -> list[Sheet]:
    """Return the tables that have any row, the most wanted first."""
    made = (
        _verdict(report),
        _broken(report.verdict),
        _recoveries(report.recoveries),
        _counts("Errors told for accepted messages", report.verdict.errors),
        _counts("Attempts that failed and were repeated", report.verdict.trouble),
    )
    return [sheet for sheet in made if sheet.rows]


def markdown(report: ChaosReport) -> str:
    """Return all tables as a page."""
    return "\n".join(f"### {sheet.title}\n\n{sheet.markdown()}\n" for sheet in sheets(report))


def _verdict(report: ChaosReport) -> Sheet:
    verdict = report.verdict
    rows = (
        ("messages sent", f"{verdict.sent:,}"),
        ("faults that struck", f"{len(report.strikes):,}"),
        ("accepted", f"{verdict.accepted:,}"),
        ("answered", f"{verdict.answered:,}"),
        ("errors told", f"{verdict.errors_told:,}"),
        ("never known to be accepted", f"{verdict.unknown:,}"),
        ("sent again by clients", f"{verdict.retries:,}"),
        ("lost", f"{verdict.lost:,}"),
        ("doubled effects", f"{verdict.doubled:,}"),
        ("turns out of order", f"{verdict.out_of_order:,}"),
        ("dead letters", f"{verdict.dead_letters:,}"),
        ("broken promises in all", f"{sum(verdict.broken.values()):,}"),
    )
    title = f"Seed {report.plan.seed}: {'every promise kept' if verdict.good else 'BROKEN'}"
    return Sheet(title, ("what became of the messages", ""), rows)


def _broken(verdict: Verdict) -> Sheet:
    rows = tuple(
        (each.kind, _NONE if each.number is None else str(each.number), each.detail[:_WIDEST])
        for each in verdict.examples
    )
    return Sheet("Broken promises, the first of them", ("what", "message", "how"), rows)


def _recoveries(recoveries: Sequence[Recovery]) -> Sheet:
    head = ("seconds", "n", "p50", "p99", "alone", "p99 alone", "reach")
    rows = tuple(
        (
            each.name,
            str(each.count),
            f"{each.p50:.2f}",
            f"{each.p99:.2f}",
            str(each.alone),
            _NONE if each.alone_p99 is None else f"{each.alone_p99:.2f}",
            _NONE if each.reach is None else f"{each.reach:.0f}{' MISSED' if each.missed else ''}",
        )
        for each in recoveries
    )
    return Sheet("Recovery", head, rows)


def _counts(title: str, counts: Mapping[str, int]) -> Sheet:
    rows = tuple((kind.removeprefix(_URN), f"{count:,}") for kind, count in counts.items())
    return Sheet(title, ("kind", ""), rows)

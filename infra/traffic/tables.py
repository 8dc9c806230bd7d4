"""A report as tables."""

from collections.abc import Mapping, Sequence
from math import isnan

from infra.tables import NO_VALUE, Table
from infra.traffic.figures import Figures
from infra.traffic.report import EntryFigures, Report
from workers.evaluation.comparison import Interval


def tables(report: Report) -> list[Table]:
    """Return the tables that have rows, the most important first."""
    total = report.groups[0]
    found = [
        Table("Conversations", _CONVERSATIONS, tuple(map(_conversations, report.groups))),
        Table("Replies", _REPLIES, tuple(map(_replies, report.groups))),
        Table("Tone of messages", _TONES, tuple(map(_tones, report.groups))),
        _counted("Handed over because of", total.handover_reasons),
        _counted("Messages without a reply", report.failures),
        Table("Entries, the most asked for first", _ENTRIES, tuple(map(_entry, report.entries))),
    ]
    return [table for table in found if table.rows]


_CONVERSATIONS = ("", "conversations", "resolved", "ratings", "mean score", "4 or 5", "1 or 2")
_REPLIES = (
    *("", "replies", "p50 ms", "p95 ms", "asked again"),
    *("fell back", "asked back", "handed over", "unclear again", "confidence"),
)
_TONES = ("", "positive", "neutral", "negative", "unknown")
_ENTRIES = ("", "replies", "answered", "asked again", "ratings", "mean score")


def _conversations(group: Figures) -> tuple[str, ...]:
    shares = group.shares
    return (
        group.name,
        f"{group.conversations:,}",
        _span(shares["resolved"]),
        f"{group.ratings:,}",
        _number(group.mean_score, 2),
        _span(shares["satisfied"]),
        _span(shares["dissatisfied"]),
    )


def _replies(group: Figures) -> tuple[str, ...]:
    names = ("reask", "fallback", "clarify", "handover", "again")
    return (
        group.name,
        f"{group.replies:,}",
        _number(group.p50_ms),
        _number(group.p95_ms),
        *(_percent(group.shares[name].value) for name in names),
        _number(group.confidence, 2),
    )


def _tones(group: Figures) -> tuple[str, ...]:
    return (group.name, *(_percent(group.tones[tone]) for tone in _TONES[1:]))


def _counted(title: str, amounts: Mapping[str, int]) -> Table:
    rows = sorted(amounts.items(), key=lambda pair: -pair[1])
    return Table(title, ("", "times"), tuple((name, f"{times:,}") for name, times in rows))


def _entry(each: EntryFigures) -> tuple[str, ...]:
    counts: Sequence[int] = (each.replies, each.answered, each.reasked, each.ratings)
    return (each.entry, *(f"{count:,}" for count in counts), _number(each.mean_score, 2))


def _span(share: Interval) -> str:
    if isnan(share.value):
        return NO_VALUE
    return f"{share.value:.1%} ({100 * share.low:.1f}–{100 * share.high:.1f})"


def _percent(share: float) -> str:
    return NO_VALUE if isnan(share) else f"{share:.1%}"


def _number(value: float, places: int = 0) -> str:
    return NO_VALUE if isnan(value) else f"{value:,.{places}f}"

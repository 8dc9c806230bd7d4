"""A report as tables."""

from collections.abc import Sequence

from infra.tables import Table
from infra.traffic.cells import counted, number, percent, span
from infra.traffic.figures import Figures
from infra.traffic.report import EntryFigures, Report
from infra.traffic.voice_tables import voice_tables


def tables(report: Report) -> list[Table]:
    """Return the tables that have rows, the most important first."""
    total = report.groups[0]
    found = [
        Table("Conversations", _CONVERSATIONS, tuple(map(_conversations, report.groups))),
        Table("Replies", _REPLIES, tuple(map(_replies, report.groups))),
        Table("Tone of messages", _TONES, tuple(map(_tones, report.groups))),
        counted("Handed over because of", total.handover_reasons),
        counted("Messages without a reply", report.failures),
        Table("Entries, the most asked for first", _ENTRIES, tuple(map(_entry, report.entries))),
        *(voice_tables(report.voice) if report.voice else ()),
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
        span(shares["resolved"]),
        f"{group.ratings:,}",
        number(group.mean_score, 2),
        span(shares["satisfied"]),
        span(shares["dissatisfied"]),
    )


def _replies(group: Figures) -> tuple[str, ...]:
    names = ("reask", "fallback", "clarify", "handover", "again")
    return (
        group.name,
        f"{group.replies:,}",
        number(group.p50_ms),
        number(group.p95_ms),
        *(percent(group.shares[name].value) for name in names),
        number(group.confidence, 2),
    )


def _tones(group: Figures) -> tuple[str, ...]:
    return (group.name, *(percent(group.tones[tone]) for tone in _TONES[1:]))


def _entry(each: EntryFigures) -> tuple[str, ...]:
    counts: Sequence[int] = (each.replies, each.answered, each.reasked, each.ratings)
    return (each.entry, *(f"{count:,}" for count in counts), number(each.mean_score, 2))

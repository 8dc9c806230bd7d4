"""All that a report says: figures by group, day and entry, and how the variants compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from infra.traffic.figures import Figures, figures, share_of
from infra.traffic.reading import Comment, DayCounts
from infra.traffic.voice import Spending, VoiceFigures, voice_figures
from shared.counts import CountedField, sum_by
from workers.evaluation.comparison import Comparison, compare_shares

_COMPARED = ("resolved", "reask", "fallback", "handover", "satisfied")
_NAMES = {
    "resolved": "the share of conversations that were resolved",
    "reask": "the share of messages that ask again",
    "fallback": "the share of replies that fall back",
    "handover": "the share of replies that hand over",
    "satisfied": "the share of ratings of 4 or 5",
}
_MAX_ENTRIES = 30


@dataclass(frozen=True, slots=True)
class EntryFigures:
    """How often an entry of the base was the best one, and what became of it."""

    entry: str
    replies: int
    answered: int
    reasked: int
    ratings: int
    mean_score: float


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the messages of some days (UTC)."""

    made_at: str
    first_day: str
    last_day: str
    groups: Sequence[Figures]
    days: Sequence[Figures]
    entries: Sequence[EntryFigures]
    failures: Mapping[str, int]
    verdicts: Sequence[Comparison]
    notes: Sequence[str]
    comments: Sequence[Comment] = field(default_factory=tuple)
    voice: VoiceFigures | None = None


def make_report(
    days: Sequence[DayCounts],
    comments: Sequence[Comment],
    now: float,
    spending: Sequence[Spending] = (),
) -> Report:
    """Put together what was counted."""
    fields = [each for day in days for each in day.fields]
    of_entries = [each for day in days for each in day.entries]
    variants, encoders = (_values(fields, label) for label in ("variant", "encoder"))
    groups = [figures("all", fields)]
    for label, values in (("variant", variants), ("encoder", encoders)):
        if len(values) > 1:
            groups += [figures(f"{label} {value}", fields, {label: value}) for value in values]
    return Report(
        made_at=datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        first_day=days[0].day,
        last_day=days[-1].day,
        groups=groups,
        days=[figures(day.day, day.fields) for day in days],
        entries=_entries(of_entries),
        failures={each[0]: n for each, n in sum_by(fields, ("failure",)).items()},
        verdicts=_verdicts(fields, variants),
        notes=_notes(variants, encoders),
        comments=comments,
        voice=voice_figures(fields, of_entries, spending),
    )


def _verdicts(fields: Sequence[CountedField], variants: Sequence[str]) -> list[Comparison]:
    """Compare the first variant with each other one; they are assigned by conversation."""
    first, *others = variants or ("",)
    return [
        compare_shares(
            share_of(share, first, fields, {"variant": first}),
            share_of(share, other, fields, {"variant": other}),
            _NAMES[share],
        )
        for other in others
        for share in _COMPARED
    ]


def _notes(variants: Sequence[str], encoders: Sequence[str]) -> list[str]:
    notes = []
    if len(variants) > 1:
        notes.append(
            "Conversations and ratings are taken as independent. So are replies, which they are "
            "not within a conversation: their intervals are a little too narrow."
        )
    if len(encoders) > 1:
        notes.append(
            "The encoders do not see the same messages, so the difference between them says "
            "nothing about which is better; `parley evaluate` compares them."
        )
    return notes


def _entries(fields: Sequence[CountedField]) -> list[EntryFigures]:
    by_entry: dict[str, list[CountedField]] = {}
    for each in fields:
        if "entry" in each[0] and each[0].keys() & {"kind", "score"}:
            by_entry.setdefault(each[0]["entry"], []).append(each)
    found = [_entry(name, its) for name, its in by_entry.items()]
    return sorted(found, key=lambda each: (-each.replies, each.entry))[:_MAX_ENTRIES]


def _entry(name: str, fields: Sequence[CountedField]) -> EntryFigures:
    kinds, scores = sum_by(fields, ("kind",)), sum_by(fields, ("score",))
    ratings = sum(scores.values())
    return EntryFigures(
        entry=name,
        replies=sum(kinds.values()),
        answered=kinds.get(("answer",), 0),
        reasked=sum(sum_by(fields, (), {"reask": "1"}).values()),
        ratings=ratings,
        mean_score=sum(int(score[0]) * n for score, n in scores.items()) / ratings
        if ratings
        else float("nan"),
    )


def _values(fields: Sequence[CountedField], label: str) -> list[str]:
    return sorted(value[0] for value in sum_by(fields, (label,)))

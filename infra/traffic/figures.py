"""Rates, times and satisfaction of a group of replies, from what was counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from shared.counts import BAD_SCORES, BEYOND, BOUNDS_MS, GOOD_SCORES, CountedField, sum_by
from shared.jobs import ToneLabel
from workers.evaluation.comparison import Interval, Share, wilson

# What shares are of replies, of conversations, or of ratings; figures and verdicts use the names.
SHARES = {
    "resolved": "conversations",
    "reask": "replies",
    "fallback": "replies",
    "clarify": "replies",
    "handover": "replies",
    "again": "replies",
    "satisfied": "ratings",
    "dissatisfied": "ratings",
}
_NO_VALUES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Figures:
    """What can be said of a group; shares are with their 95 % interval, NaN where there is none.

    Times are milliseconds from acceptance to the reply, interpolated within a bucket.
    """

    name: str
    replies: int
    conversations: int
    ratings: int
    p50_ms: float
    p95_ms: float
    mean_ms: float
    confidence: float
    mean_score: float
    shares: Mapping[str, Interval]
    kinds: Mapping[str, int]
    tones: Mapping[str, float]
    handover_reasons: Mapping[str, int]


def figures(
    name: str, fields: Sequence[CountedField], only: Mapping[str, str] = _NO_VALUES
) -> Figures:
    """Return the figures of the replies whose fields have the values in `only`."""

    def by(label: str) -> dict[str, int]:
        return {value[0]: amount for value, amount in sum_by(fields, (label,), only).items()}

    kinds, tones, times, scores = by("kind"), by("tone"), by("ms"), by("score")
    replies = sum(kinds.values())
    reasons = {reason: n for reason, n in by("handover").items() if reason != "none"}
    return Figures(
        name=name,
        replies=replies,
        conversations=sum(by("resolved").values()),
        ratings=sum(scores.values()),
        p50_ms=quantile_ms(times, 0.5),
        p95_ms=quantile_ms(times, 0.95),
        mean_ms=_ratio(sum(by("total_ms").values()), replies),
        confidence=_mean({str(int(tenth) / 10 + 0.05): n for tenth, n in by("confidence").items()}),
        mean_score=_mean(scores),
        shares={share: wilson(*hits_of(share, fields, only)) for share in SHARES},
        kinds=kinds,
        tones={tone: _ratio(tones.get(tone, 0), replies) for tone in get_args(ToneLabel)},
        handover_reasons=reasons,
    )


def share_of(
    share: str, name: str, fields: Sequence[CountedField], only: Mapping[str, str]
) -> Share:
    """Return how many of a group's replies, conversations or ratings a share counts."""
    return Share(name, *hits_of(share, fields, only))


def hits_of(share: str, fields: Sequence[CountedField], only: Mapping[str, str]) -> tuple[int, int]:
    """Return the hits of a share, and of how many."""
    label, values = _COUNTED[share]
    sums = sum_by(fields, (label,), only)
    return sum(n for value, n in sums.items() if value[0] in values), sum(sums.values())


def quantile_ms(times: Mapping[str, int], share: float) -> float:
    """Return the time below which a share of replies lies; beyond the last bound: that bound."""
    rest = share * sum(times.values())
    lower = 0
    for bound in BOUNDS_MS:
        here = times.get(str(bound), 0)
        if here and rest <= here:
            return lower + (bound - lower) * rest / here
        rest -= here
        lower = bound
    return float(lower) if times.get(BEYOND) else float("nan")


_COUNTED: Mapping[str, tuple[str, Sequence[str]]] = {
    "resolved": ("resolved", ("1",)),
    "reask": ("reask", ("1",)),
    "fallback": ("kind", ("fallback",)),
    "clarify": ("kind", ("clarify",)),
    "handover": ("kind", ("handover",)),
    "again": ("again", ("1",)),
    "satisfied": ("score", tuple(map(str, GOOD_SCORES))),
    "dissatisfied": ("score", tuple(map(str, BAD_SCORES))),
}


def _mean(amounts: Mapping[str, int]) -> float:
    return _ratio(sum(float(value) * n for value, n in amounts.items()), sum(amounts.values()))


def _ratio(total: float, rows: int) -> float:
    return total / rows if rows else float("nan")

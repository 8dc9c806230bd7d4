"""What is counted of each job: facts without any text, under names that Redis sums up by day.

A field of a day's hash is `name=value` pairs joined by `|`; the first two name the variant and the
encoder. Each job adds to three of them, each conversation to one, each rating to one:

    variant=bert|encoder=small|kind=answer|tone=neutral|reask=0|again=0|handover=none
    variant=bert|encoder=small|ms=150        by the upper bound of the time that the reply took
    variant=bert|encoder=small|total_ms      their sum
    variant=bert|encoder=small|confidence=9  by tenths
    variant=bert|encoder=small|resolved=1
    variant=bert|encoder=small|score=5
    failure=expired

All values but that of `total_ms` are of short lists, so a hash has some hundred fields. The other
hash of a day has `kind=answer|reask=0|entry=parcel-late` and `score=5|entry=parcel-late`.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from shared.handovers import HandoverReason
from shared.jobs import AnswerKind, Encoder, JobState, ToneLabel, Variant

BOUNDS_MS = (
    25,
    50,
    75,
    100,
    150,
    200,
    300,
    400,
    500,
    750,
    1_000,
    2_000,
    3_000,
    5_000,
    10_000,
    30_000,
)
BEYOND = "inf"  # the last bucket, without a bound
REASKED_FROM = 0.5
BAD_SCORES = (1, 2)
GOOD_SCORES = (4, 5)
_ANSWERED: frozenset[AnswerKind] = frozenset({"answer", "recall"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reply was like. `again`: it is not the first in a row that is no answer.

    `entry` is the best entry's id, if there is one; `total_ms` is the time since acceptance.
    """

    variant: Variant
    encoder: Encoder
    kind: AnswerKind
    entry: str | None
    confidence: float
    tone: ToneLabel
    reask_score: float | None
    again: bool
    handover: HandoverReason | None
    total_ms: float

    @property
    def reasked(self) -> bool:
        """Say whether the message asks again what was asked before."""
        return self.reask_score is not None and self.reask_score >= REASKED_FROM

    @property
    def resolved(self) -> Literal["", "0", "1"]:
        """Say whether a conversation that ends here is resolved; small talk leaves it as it was."""
        if self.kind == "smalltalk":
            return ""
        return "1" if self.kind in _ANSWERED and not self.reasked else "0"


def encode_facts(facts: Facts) -> str:
    """Return what count_facts of shared/lua/counts.lua takes, a line each.

    The segment, `resolved`, the field of the entry, then amounts and the fields that they add to.
    """
    segment = f"variant={facts.variant}|encoder={facts.encoder}"
    reask, milliseconds = int(facts.reasked), round(facts.total_ms)
    entry = f"kind={facts.kind}|reask={reask}|entry={facts.entry}" if facts.entry else ""
    return "\n".join(
        (
            segment,
            facts.resolved,
            entry,
            f"1 {segment}|kind={facts.kind}|tone={facts.tone}|reask={reask}"
            f"|again={int(facts.again)}|handover={facts.handover or 'none'}",
            f"1 {segment}|ms={_bucket(milliseconds)}",
            f"{milliseconds} {segment}|total_ms",
            f"1 {segment}|confidence={min(9, int(facts.confidence * 10))}",
        )
    )


def encode_failure_facts(state: JobState) -> str:
    """Return the same for a job that ended in a state without a reply."""
    return f"\n\n\n1 failure={state}"


def read_field(field: str) -> Mapping[str, str]:
    """Return the names and values of a field; a name without a value has an empty one."""
    pairs = (pair.partition("=") for pair in field.split("|"))
    return {name: value for name, _, value in pairs}


def day_of(unix_seconds: float) -> str:
    """Return the day (UTC) as the keys of counts have it."""
    return datetime.fromtimestamp(unix_seconds, UTC).date().isoformat()


def _bucket(milliseconds: int) -> str:
    place = bisect_left(BOUNDS_MS, milliseconds)
    return str(BOUNDS_MS[place]) if place < len(BOUNDS_MS) else BEYOND

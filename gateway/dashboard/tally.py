"""What the dashboard needs of a day's counts, as one short row of numbers.

A day's hash has some hundred fields (shared/counts.py); a tally has about fifty numbers, each the
sum of the fields that have its label. Tallies can be added and subtracted.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import add
from typing import get_args

from shared.counts import BEYOND, BOUNDS_MS, read_field
from shared.jobs import AnswerKind, Encoder, ToneLabel, Variant

KINDS: tuple[str, ...] = get_args(AnswerKind)
TONES: tuple[str, ...] = get_args(ToneLabel)
VARIANTS: tuple[str, ...] = get_args(Variant)
ENCODERS: tuple[str, ...] = get_args(Encoder)
SCORES = ("1", "2", "3", "4", "5")
FAILURES = ("failed", "expired", "cancelled")
BUCKETS = (*map(str, BOUNDS_MS), BEYOND)
VARIANT_FIGURES = ("replies", "answered", "reasks", "total_ms")
_ANSWERED = frozenset(("answer", "recall"))

LABELS: tuple[str, ...] = (
    *(f"kind={kind}" for kind in KINDS),
    *(f"tone={tone}" for tone in TONES),
    "reask=1",
    *(f"failure={state}" for state in FAILURES),
    *(f"ms={bound}" for bound in BUCKETS),
    *(f"score={score}" for score in SCORES),
    *(f"encoder={encoder}" for encoder in ENCODERS),
    *(f"{variant} {figure}" for variant in VARIANTS for figure in VARIANT_FIGURES),
)
_PLACES = {label: place for place, label in enumerate(LABELS)}
_SCORE_PLACES = frozenset(_PLACES[f"score={score}"] for score in SCORES)
_CACHED_FIELDS = 10_000
Tally = tuple[int, ...]
NOTHING: Tally = (0,) * len(LABELS)


def tally_of(counted: Mapping[bytes, bytes]) -> Tally:
    """Sum up the fields of a day's hash, as Redis returns them."""
    sums = [0] * len(LABELS)
    for field, amount in counted.items():
        for place in _places(field):
            sums[place] += int(amount)
    return tuple(sums)


def amounts(tally: Sequence[int], name: str, values: Sequence[str]) -> list[int]:
    """Return the amounts of labels `name=value`, in the order of the values."""
    return [tally[_PLACES[f"{name}={value}"]] for value in values]


def variant_amounts(tally: Sequence[int], variant: str) -> list[int]:
    """Return a variant's figures, in the order of VARIANT_FIGURES."""
    return [tally[_PLACES[f"{variant} {figure}"]] for figure in VARIANT_FIGURES]


def reasks(tally: Sequence[int]) -> int:
    """Return the number of messages that ask again."""
    return tally[_PLACES["reask=1"]]


def replies(tally: Sequence[int]) -> int:
    """Return the number of replies of all kinds."""
    return sum(amounts(tally, "kind", KINDS))


def ends(tally: Sequence[int]) -> int:
    """Return the number of messages that ended, with a reply or without."""
    return replies(tally) + sum(amounts(tally, "failure", FAILURES))


def added(one: Sequence[int], other: Sequence[int]) -> Tally:
    """Return the sum of two tallies."""
    return tuple(map(add, one, other))


def increase(before: Sequence[int], now: Sequence[int]) -> Tally:
    """Return what was counted since, never less than nothing but where a score has changed.

    Who rates a reply again takes a score back: that is negative. Counts that were deleted are not.
    """
    changes = [new - old for old, new in zip(before, now, strict=True)]
    rescored = sum(changes[place] for place in _SCORE_PLACES) >= 0
    return tuple(
        change if change > 0 or (rescored and place in _SCORE_PLACES) else 0
        for place, change in enumerate(changes)
    )


@lru_cache(_CACHED_FIELDS)
def _places(field: bytes) -> tuple[int, ...]:
    """Return which numbers of a tally a field adds to; none for what another version counts."""
    found = (_PLACES.get(label) for label in _labels(read_field(field.decode(errors="replace"))))
    return tuple(place for place in found if place is not None)


def _labels(pairs: Mapping[str, str]) -> list[str]:
    variant = pairs.get("variant", "")
    if "kind" in pairs:
        again = pairs.get("reask") == "1"
        labels = [f"kind={pairs['kind']}", f"tone={pairs.get('tone')}"]
        labels += [f"encoder={pairs.get('encoder')}", f"{variant} replies"]
        labels += ["reask=1", f"{variant} reasks"] if again else []
        return labels + ([f"{variant} answered"] if pairs["kind"] in _ANSWERED else [])
    if "total_ms" in pairs:
        return [f"{variant} total_ms"]
    return [f"{name}={pairs[name]}" for name in ("ms", "score", "failure") if name in pairs]

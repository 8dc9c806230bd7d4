"""Samples with only what a test is about."""

from collections.abc import Mapping
from typing import Any

from gateway.dashboard.sample import FORMAT, STAGES, PoolSample, Sample
from gateway.dashboard.tally import LABELS, Tally
from shared import keys
from shared.counts import Facts, fields_of
from shared.histograms import STAGE_BOUNDS_SECONDS

FACTS = Facts("bert", "small", "answer", "parcel", 0.9, "negative", 0.9, False, None, 120.0)
REPLY = fields_of(FACTS).reply  # the field under which it counts


def tally(amounts: Mapping[str, int]) -> Tally:
    """Return a tally that has these amounts, by label."""
    assert amounts.keys() <= set(LABELS)
    return tuple(amounts.get(label, 0) for label in LABELS)


def sample(at: int, *, counts: Mapping[str, int] | None = None, **fields: Any) -> Sample:
    """Return a sample of five seconds in which nothing happened but what is given."""
    given: dict[str, Any] = {
        "format": FORMAT,
        "at": at,
        "seconds": 5.0,
        "arrivals": 0,
        "counts": tally(counts or {}),
        "pools": (PoolSample(),) * len(keys.QUEUES),
        "stages": ((0,) * (len(STAGE_BOUNDS_SECONDS) + 1),) * len(STAGES),
        "looks": (0, 0, 0),
        "handovers_open": 0,
        "handovers_claimed": 0,
        "dead_letters": 0,
    }
    return Sample(**{**given, **fields})

"""One sample: what was counted in some seconds, and how things stood at their end."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil

import msgspec

from gateway.dashboard.tally import LABELS
from shared import keys
from shared.histograms import STAGE_BOUNDS_SECONDS

# Another one for each change of what the numbers mean; samples of other formats are passed over.
FORMAT = 2
_WITHOUT_GENERATION = 1  # one pool fewer, else the same
STAGES = ("queue", "prepare", "engine", "compose")
SAMPLE_SECONDS = 5
MINUTE_SECONDS = 60


class PoolSample(msgspec.Struct, array_like=True, frozen=True):
    """A queue and its workers: how many wait, for how long, and what the workers did meanwhile.

    `worker_seconds` is the time that they could have computed, `engine_seconds` that they did.
    """

    waiting: int = 0
    oldest_seconds: float = 0.0
    workers: int = 0
    messages: int = 0
    batches: int = 0
    engine_seconds: float = 0.0
    worker_seconds: float = 0.0


class Sample(msgspec.Struct, array_like=True, frozen=True):
    """What was counted in the `seconds` before `at` (Unix seconds).

    `pools` are in the order of shared/keys.py's QUEUES, `stages` histograms in the order of STAGES;
    `looks` are second looks: wanted, handed over, made.
    """

    format: int
    at: int
    seconds: float
    arrivals: int
    counts: tuple[int, ...]
    pools: tuple[PoolSample, ...]
    stages: tuple[tuple[int, ...], ...]
    looks: tuple[int, int, int]
    handovers_open: int
    handovers_claimed: int
    dead_letters: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Sample)


def encode(sample: Sample) -> bytes:
    """Return a sample as it is kept: MessagePack, most numbers a byte."""
    return _encoder.encode(sample)


def decode(stored: bytes) -> Sample | None:
    """Read a sample; None if another version of Parley wrote it."""
    try:
        sample = _decoder.decode(stored)
    except msgspec.DecodeError:
        return None
    if sample.format == _WITHOUT_GENERATION:
        pools = (*sample.pools, PoolSample())
        sample = msgspec.structs.replace(sample, format=FORMAT, pools=pools)
    return sample if sample.format == FORMAT and _fits(sample) else None


def _fits(sample: Sample) -> bool:
    buckets = len(STAGE_BOUNDS_SECONDS) + 1
    stages = all(len(each) == buckets for each in sample.stages)
    return stages and len(sample.counts) == len(LABELS) and len(sample.pools) == len(keys.QUEUES)


def slot(at: float, step_seconds: int) -> int:
    """Return the end of the step that a time lies in."""
    return ceil(at / step_seconds) * step_seconds


def merge_by_step(samples: Iterable[Sample], step_seconds: int) -> list[Sample]:
    """Merge those of each step into one; samples are in the order of time."""
    by_step = groupby(samples, lambda sample: slot(sample.at, step_seconds))
    return [merge(of_step) for _, of_step in by_step]


def merge(samples: Iterable[Sample]) -> Sample:
    """Merge samples, at least one, in the order of time.

    What was counted is added up; of what stood there the worst is kept, or the last.
    """
    merged = list(samples)
    last = merged[-1]
    if len(merged) == 1:
        return last
    wanted, handed, made = _sums(sample.looks for sample in merged)
    return Sample(
        format=FORMAT,
        at=last.at,
        seconds=round(sum(sample.seconds for sample in merged), 1),
        arrivals=sum(sample.arrivals for sample in merged),
        counts=_sums(sample.counts for sample in merged),
        pools=tuple(map(_merge_pools, zip(*(sample.pools for sample in merged), strict=True))),
        stages=tuple(map(_sums, zip(*(sample.stages for sample in merged), strict=True))),
        looks=(wanted, handed, made),
        handovers_open=last.handovers_open,
        handovers_claimed=last.handovers_claimed,
        dead_letters=last.dead_letters,
    )


def _merge_pools(pools: Sequence[PoolSample]) -> PoolSample:
    return PoolSample(
        waiting=max(pool.waiting for pool in pools),
        oldest_seconds=max(pool.oldest_seconds for pool in pools),
        workers=min(pool.workers for pool in pools),
        messages=sum(pool.messages for pool in pools),
        batches=sum(pool.batches for pool in pools),
        engine_seconds=round(sum(pool.engine_seconds for pool in pools), 2),
        worker_seconds=round(sum(pool.worker_seconds for pool in pools), 1),
    )


def _sums(rows: Iterable[Sequence[int]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*rows, strict=True)))

"""Which engine is the fastest on this processor? Engines in turns on rows of mixed lengths."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from workers.engines.engine import Engine, TokenBatch

ROUNDS = 5
_BATCH_ROWS = 128  # as a loaded worker runs them: every engine's shapes are full
_TYPICAL_TOKENS = (8, 10, 11, 12, 13, 14, 16, 18, 21, 40)  # of customers' messages
_WORTH = 1.1  # times as fast: below it the first one stays

NameT = TypeVar("NameT", bound=str)


def rows_per_second(
    engines: Mapping[NameT, Engine],
    ids: Sequence[Sequence[int]],
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[NameT, float]:
    """Run the rows on every warm engine in turns; each engine's fastest round counts."""
    batches = [
        TokenBatch.of(ids[first : first + _BATCH_ROWS]) for first in range(0, len(ids), _BATCH_ROWS)
    ]
    seconds = dict.fromkeys(engines, float("inf"))
    for _ in range(rounds):
        for name, engine in engines.items():
            began = clock()
            for batch in batches:
                engine.run(batch)
            seconds[name] = min(seconds[name], clock() - began)
    return {name: len(ids) / least for name, least in seconds.items()}


def fastest(rates: Mapping[NameT, float]) -> NameT:
    """Return the name of the highest rate, or the first name if no other is worth a change."""
    first = next(iter(rates))
    best = max(rates, key=lambda name: rates[name])
    return best if rates[best] >= _WORTH * rates[first] else first


def typical_rows(count: int = 40) -> list[list[int]]:
    """Return rows as long as customers' messages are, of a token that every vocabulary has."""
    lengths = (_TYPICAL_TOKENS * count)[:count]
    return [[1] * length for length in lengths]

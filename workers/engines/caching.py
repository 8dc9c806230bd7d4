"""An engine in front of another that computes each question once, and one batch at a time."""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workers.engines.cost import CostModel
from workers.engines.engine import Encoded, Engine, Shape, TokenBatch
from workers.engines.turns import Turns
from workers.lru_cache import CacheStats, LruCache


class _Row(NamedTuple):
    """What is cached of a row: its vectors [dimension]."""

    vector: NDArray[np.float32]
    early: NDArray[np.float16] | None


class CachingEngine:
    """Run equal rows of a batch once, and none whose vector is cached.

    Exact, since a row's vector depends on nothing but its ids. With `max_vectors` 0 only the
    equal rows of one batch are joined. A vector takes 4 bytes an element, and its early one, which
    `run` rounds to float16, half as many. Any thread may call `run` and `run_behind`; the engine
    sees one batch at a time.
    """

    def __init__(self, engine: Engine, max_vectors: int) -> None:
        self._engine = engine
        self._turns = Turns()
        self._cache: LruCache[bytes, _Row] = LruCache(max_vectors)

    @property
    def name(self) -> str:
        """Return the engine's: a cache changes no vector."""
        return self._engine.name

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        return self._engine.dimension

    @property
    def gives_early(self) -> bool:
        """Return whether the engine does."""
        return self._engine.gives_early

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Return the engine's shapes."""
        return self._engine.shapes

    @property
    def cost(self) -> CostModel:
        """Return the engine's, as if no row were cached."""
        return self._engine.cost

    @property
    def stats(self) -> CacheStats:
        """Return the hits and misses of cached vectors."""
        return self._cache.stats

    def warm(self) -> None:
        """Warm the engine."""
        self._engine.warm()

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return the engine's count, as if no row were cached."""
        return self._engine.padded_tokens(lengths)

    def run(self, batch: TokenBatch) -> Encoded:
        """Return a vector for each row, in order; raise EngineError on failure."""
        rows = [
            ids[:length].tobytes()
            for ids, length in zip(batch.ids, batch.lengths.tolist(), strict=True)
        ]
        indices = {row: index for index, row in enumerate(rows)}
        found = {row: self._cache.get(row) for row in indices}
        missing = [row for row, cached in found.items() if cached is None]
        if missing and len(missing) == len(rows):  # as mostly: nothing is to be put together
            vectors, halves = self._run(missing, batch)
            return Encoded(vectors, None if halves is None else halves.astype(np.float32))
        if missing:
            chosen = [indices[row] for row in missing]
            fresh = self._run(missing, TokenBatch(batch.ids[chosen], batch.lengths[chosen]))
            found.update(zip(missing, _rows(*fresh), strict=True))
        kept = [each for each in map(found.get, rows) if each is not None]
        early = [each.early for each in kept if each.early is not None]
        return Encoded(
            self._stacked([each.vector for each in kept]),
            self._stacked(early) if self.gives_early else None,
        )

    def run_behind(self, batch: TokenBatch) -> Encoded:
        """Return the same once no other batch waits, and cache nothing; keep such batches small."""
        with self._turns.behind():
            return self._engine.run(batch)

    def _run(
        self, rows: Sequence[bytes], batch: TokenBatch
    ) -> tuple[NDArray[np.float32], NDArray[np.float16] | None]:
        """Return the vectors of a batch as they are kept, by the ids of its rows."""
        with self._turns.first():
            encoded = self._engine.run(batch)
        early = _halves(encoded)
        for row, computed in zip(rows, _rows(encoded.vectors, early), strict=True):
            self._cache.put(row, computed)
        return encoded.vectors, early

    def _stacked(self, vectors: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        return np.array(vectors, np.float32).reshape(len(vectors), self.dimension)


def _rows(vectors: NDArray[np.float32], early: NDArray[np.float16] | None) -> Iterable[_Row]:
    return map(_Row, vectors, repeat(None) if early is None else early)


def _halves(encoded: Encoded) -> NDArray[np.float16] | None:
    if encoded.early is None or len(encoded.early) != len(encoded.vectors):
        return None
    with np.errstate(over="ignore"):  # infinite then, which nobody takes
        return encoded.early.astype(np.float16)

"""An engine in front of another that computes each question once, and one batch at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workers.engines.cost import CostModel
from workers.engines.engine import Engine, Shape, TokenBatch
from workers.engines.turns import Turns
from workers.lru_cache import CacheStats, LruCache


class CachingEngine:
    """Run equal rows of a batch once, and none whose vector is cached.

    Exact, since a row's vector depends on nothing but its ids. With `max_vectors` 0 only the
    equal rows of one batch are joined. A vector takes 4 bytes an element. Any thread may call `run`
    and `run_behind`; the engine sees one batch at a time.
    """

    def __init__(self, engine: Engine, max_vectors: int) -> None:
        self._engine = engine
        self._turns = Turns()
        self._cache: LruCache[bytes, NDArray[np.float32]] = LruCache(max_vectors)

    @property
    def name(self) -> str:
        """Return the engine's: a cache changes no vector."""
        return self._engine.name

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        return self._engine.dimension

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

    def run(self, batch: TokenBatch) -> NDArray[np.float32]:
        """Return one vector a row, in order; raise EngineError on failure."""
        rows = [
            ids[:length].tobytes()
            for ids, length in zip(batch.ids, batch.lengths.tolist(), strict=True)
        ]
        indices = {row: index for index, row in enumerate(rows)}
        vectors = {row: self._cache.get(row) for row in indices}
        missing = [row for row, vector in vectors.items() if vector is None]
        if missing:
            chosen = [indices[row] for row in missing]
            with self._turns.first():
                fresh = self._engine.run(TokenBatch(batch.ids[chosen], batch.lengths[chosen]))
            for row, vector in zip(missing, fresh, strict=True):
                vectors[row] = vector
                self._cache.put(row, vector)
        found = [vectors[row] for row in rows]
        return np.array(found, np.float32).reshape(len(rows), self.dimension)

    def run_behind(self, batch: TokenBatch) -> NDArray[np.float32]:
        """Return the same once no other batch waits, and cache nothing; keep such batches small."""
        with self._turns.behind():
            return self._engine.run(batch)

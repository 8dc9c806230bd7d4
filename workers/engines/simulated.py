"""An engine that only takes time, for tests of scale. Never for answers: its name says so."""

import hashlib
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.errors import EngineError
from workers.engines.cost import CostModel
from workers.engines.engine import Encoded, TokenBatch
from workers.engines.grid_engine import check_lengths
from workers.engines.layout import LITERT_SHAPES, MAX_TOKENS
from workers.engines.packing import padded_tokens

MARK = 2.0  # a vector's first element; no vector of length 1 can hold it


class SimulatedEngine:
    """Sleep `base_seconds` + `token_seconds` for each padded token; return marked vectors."""

    name = "simulated"
    gives_early = False
    shapes = LITERT_SHAPES

    def __init__(
        self,
        dimension: int = 384,
        base_seconds: float = 0.020,
        token_seconds: float = 0.000_01,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.dimension = dimension
        self.cost = CostModel(base_seconds, token_seconds)
        self._sleep = sleep
        self._warm = False

    def warm(self) -> None:
        """Be ready at once."""
        self._warm = True

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return what the LiteRT engine would compute."""
        return padded_tokens(lengths, LITERT_SHAPES)

    def run(self, batch: TokenBatch) -> Encoded:
        """Sleep for the time that the cost model says; the same ids make the same vector."""
        if not self._warm:
            raise EngineError("the simulated engine is not warm")
        check_lengths(batch, MAX_TOKENS)
        tokens = self.padded_tokens(batch.lengths.tolist())
        self._sleep(self.cost.seconds(tokens))
        rows = [
            self._vector(row[:length].tobytes())
            for row, length in zip(batch.ids, batch.lengths, strict=True)
        ]
        return Encoded(np.array(rows, np.float32).reshape(len(rows), self.dimension))

    def _vector(self, content: bytes) -> NDArray[np.float32]:
        seed = int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
        vector = np.random.default_rng(seed).standard_normal(self.dimension, np.float32)
        vector /= np.linalg.norm(vector)
        vector[0] = MARK
        return vector

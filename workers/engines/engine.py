"""What an engine is: token ids in, one vector per row out, and the tone encoder's beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from workers.engines.cost import CostModel


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of an input tensor: rows × tokens."""

    rows: int
    tokens: int


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Token ids [rows, tokens] padded with 0, and each row's true length [rows]; both int32."""

    ids: NDArray[np.int32]
    lengths: NDArray[np.int32]

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Self:
        """Pad rows of token ids to the longest of them."""
        lengths = np.array([len(row) for row in rows], np.int32)
        ids = np.zeros((len(rows), int(lengths.max(initial=1))), np.int32)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
        return cls(ids, lengths)


@dataclass(frozen=True, slots=True)
class Encoded:
    """What an encoder makes of a batch: vectors [rows, dimension], in order.

    `early`: the same rows' vectors [rows, dimension] after its first layers, which are those that
    the tone encoder alone would give; None from an engine that has none.
    """

    vectors: NDArray[np.float32]
    early: NDArray[np.float32] | None = None


class Engine(Protocol):
    """Runs one encoder. Not safe for two threads at once; any one thread at a time may call it.

    A batch may have any number of rows of 1 to 128 tokens, in any mix: engines pack sequences, so
    neither order nor mixed lengths cost anything. Batch invariance: a row's vector does not depend
    on its batch mates. LiteRT int8 keeps this to the last bit with AVX2 and with AVX-512, every
    engine to a cosine of 0.9999 (docs/experiments/batch-invariance.md).
    """

    @property
    def name(self) -> str:
        """Return kind and precision, such as litert-int8."""

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""

    @property
    def gives_early(self) -> bool:
        """Return whether `run` gives early vectors, which the tone encoder then need not find."""

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Return the shapes that are compiled; `run` packs any batch into them."""

    @property
    def cost(self) -> CostModel:
        """Return what a call takes, as measured in `warm`; raise EngineError before it."""

    def warm(self) -> None:
        """Load the model and run all that will be used; raise EngineError if that fails."""

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return how many tokens, padding included, a batch of rows this long makes it compute."""

    def run(self, batch: TokenBatch) -> Encoded:
        """Return a vector for each row, in order; raise EngineError on failure."""

"""What an engine is: token ids in, one vector per row out."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Shape:
    """A batch size an engine is compiled for: rows × tokens."""

    rows: int
    tokens: int


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Token ids [rows, tokens] padded with 0, and each row's true length [rows]; both int32."""

    ids: NDArray[np.int32]
    lengths: NDArray[np.int32]


class Engine(Protocol):
    """Runs one encoder. Bound to the thread that calls `run`."""

    @property
    def name(self) -> str:
        """Return kind and precision, such as litert-int8."""

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Return the shapes this engine runs without padding."""

    def warm(self) -> None:
        """Run every shape once; raise EngineError where one fails."""

    def run(self, batch: TokenBatch) -> NDArray[np.float32]:
        """Return vectors [rows, dimension], in order; raise EngineError on failure."""

"""What the real engines share: a batch is packed into sheets, each sheet runs on its grid."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.errors import EngineError
from workers.engines.packing import Grids, Sheet, lay, pack, padded_tokens
from workers.engines.port import Shape, TokenBatch


class GridEngine(ABC):
    """An engine with fixed grids; a runtime says how one grid is run."""

    def __init__(
        self, name: str, dimension: int, shapes: Sequence[Shape], most_tokens: int
    ) -> None:
        self._name = name
        self._dimension = dimension
        self._shapes = tuple(shapes)
        self._most_tokens = most_tokens
        self._warm = False

    @property
    def name(self) -> str:
        """Return kind and precision."""
        return self._name

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        return self._dimension

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Return the grids that are compiled."""
        return self._shapes

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return the tokens, padding included, that such a batch makes this engine compute."""
        return padded_tokens(lengths, self._shapes)

    def warm(self) -> None:
        """Load the model and run every grid once; raise EngineError where that fails."""
        try:
            self._load()
            for shape in self._shapes:
                self._run_sheet(lay(Sheet(shape, ()), _NO_BATCH), shape)
        except Exception as error:
            raise EngineError(f"the {self._name} engine cannot warm up: {error}") from error
        self._warm = True

    def run(self, batch: TokenBatch) -> NDArray[np.float32]:
        """Return one vector for each row, in order; raise EngineError on failure."""
        if not self._warm:
            raise EngineError(f"the {self._name} engine is not warm")
        check_lengths(batch, self._most_tokens)
        vectors = np.empty((len(batch.lengths), self._dimension), np.float32)
        try:
            for sheet in pack(batch.lengths.tolist(), self._shapes):
                grids = lay(sheet, batch)
                output = self._run_sheet(grids, sheet.shape)
                vectors[grids.message] = output[grids.row, grids.slot]
        except Exception as error:
            raise EngineError(f"the {self._name} engine failed: {error}") from error
        return vectors

    @abstractmethod
    def _load(self) -> None:
        """Load the model; any exception means that it cannot be used."""

    @abstractmethod
    def _run_sheet(self, grids: Grids, shape: Shape) -> NDArray[np.float32]:
        """Return vectors [rows, slots, dimension] of one filled grid."""


def check_lengths(batch: TokenBatch, most_tokens: int) -> None:
    """Raise EngineError where a row is empty or longer than the engine reads."""
    lengths = batch.lengths
    if len(lengths) and not 1 <= lengths.min() <= lengths.max() <= most_tokens:
        raise EngineError(f"a message must have 1 to {most_tokens} tokens")


_NO_BATCH = TokenBatch(np.zeros((0, 1), np.int32), np.zeros(0, np.int32))

"""An engine that runs no model, for variants that need no vectors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workers.engines.cost import CostModel
from workers.engines.engine import Encoded, Shape, TokenBatch
from workers.engines.layout import MAX_TOKENS, EncoderName
from workers.engines.select import Kind


class BlankEngine:
    """Return the same vector for every row, at once."""

    name = "none"
    dimension = 1
    gives_early = False
    shapes = (Shape(1, MAX_TOKENS),)
    cost = CostModel(1e-6, 0.0)

    def warm(self) -> None:
        """Be ready at once."""

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return the tokens as they are."""
        return sum(lengths)

    def run(self, batch: TokenBatch) -> Encoded:
        """Return vectors [rows, 1]."""
        return Encoded(np.ones((len(batch.lengths), self.dimension), np.float32))


class BlankEngineMaker:
    """Makes one, whichever engine is asked for."""

    def __call__(
        self, kind: Kind, model_dir: Path, encoder: EncoderName, threads: int = 1
    ) -> BlankEngine:
        """Make the engine that there is."""
        return BlankEngine()

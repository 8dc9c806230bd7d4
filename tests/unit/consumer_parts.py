"""Parts for tests of the drain: works, and an engine that can be poisoned."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.errors import EngineError
from shared.jobs import ChatJob
from workers.consumer.jobs import PreparedJob
from workers.engines.cost import CostModel
from workers.engines.engine import Shape, TokenBatch

POISON = 666


def work(name: str, tokens: int = 5, first: int = 7) -> PreparedJob[ChatJob]:
    """Return a work of so many tokens."""
    return PreparedJob(
        token=name.encode(),
        raw=b"{}",
        job=ChatJob(name, f"text of {name}", f"c-{name}", 1_700_000_000.0),
        text=f"text of {name}",
        ids=(first,) * tokens,
        truncated=False,
        leased_at=0.0,
        prepared_at=0.0,
    )


class PoisonableEngine:
    """Answer each row with its own ids' sum; fail a batch that holds the poison token."""

    name = "test"
    dimension = 2
    shapes = (Shape(1, 16), Shape(8, 16), Shape(8, 64))
    cost = CostModel(0.0, 1e-5)

    def __init__(self) -> None:
        self.runs: list[int] = []

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return the sum: nothing is padded."""
        return sum(lengths)

    def warm(self) -> None:
        """Do nothing."""

    def run(self, batch: TokenBatch) -> NDArray[np.float32]:
        """Return [sum of ids, length] for each row."""
        self.runs.append(len(batch.lengths))
        if (batch.ids == POISON).any():
            raise EngineError("poison")
        return np.stack([batch.ids.sum(axis=1), batch.lengths], axis=1).astype(np.float32)

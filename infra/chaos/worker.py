"""The campaign's worker: Parley's own, with an engine that one word breaks and another one ends.

With PARLEY_CHAOS_PLANTED_BUG set its queue acknowledges early (see `planted_bug`).
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infra.chaos.planted_bug import PLANTED_BUG, ForgetfulQueue
from infra.chaos.script import CRASH_WORD, POISON_WORD
from shared.errors import EngineError
from workers import context
from workers.consumer.bootstep import BatchConsumerStep, RunningConsumer
from workers.consumer.redis_queue import RedisInferenceQueue
from workers.engines.cost import CostModel
from workers.engines.engine import Engine, Shape, TokenBatch
from workers.preprocessing.tokens import Tokenizer


class FaultyEngine:
    """An engine that fails on every batch that holds one word, and crashes on another one."""

    def __init__(self, engine: Engine, poison_id: int, deadly_id: int | None) -> None:
        self._engine = engine
        self._poison_id = poison_id
        self._deadly_id = deadly_id
        self.name = engine.name
        self.dimension = engine.dimension
        self.shapes: tuple[Shape, ...] = engine.shapes

    @property
    def cost(self) -> CostModel:
        """Return the real engine's."""
        return self._engine.cost

    def warm(self) -> None:
        """Warm the real engine."""
        self._engine.warm()

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return what the real engine would compute."""
        return self._engine.padded_tokens(lengths)

    def run(self, batch: TokenBatch) -> NDArray[np.float32]:
        """Run the real engine; raise EngineError, or end the process, where a word is there."""
        if self._deadly_id is not None and (batch.ids == self._deadly_id).any():
            os.abort()  # as native code does
        if (batch.ids == self._poison_id).any():
            raise EngineError("poisoned")
        return self._engine.run(batch)


class ChaosStep(BatchConsumerStep):
    """Composes the drain as Parley does, the campaign's parts in place of some of its own."""

    def _compose(self, c: Any) -> list[RunningConsumer]:
        with contextlib.ExitStack() as swaps:
            swaps.enter_context(_swapped(context, "select_engine", _poisonable))
            if os.environ.get(PLANTED_BUG):
                from workers import inference  # no worker of another queue needs all that

                name = RedisInferenceQueue.__name__
                swaps.enter_context(_swapped(inference, name, lambda _: ForgetfulQueue))
            return super()._compose(c)


def _poisonable(select: Callable[..., Engine]) -> Callable[..., Engine]:
    def select_poisonable(kind: Any, model_dir: Any, encoder: Any, **options: Any) -> Engine:
        ranks = Tokenizer.load(model_dir).ranks
        deadly_id = ranks[CRASH_WORD] if encoder == "answer" else None
        engine = select(kind, model_dir, encoder, **options)
        return FaultyEngine(engine, ranks[POISON_WORD], deadly_id)

    return select_poisonable


@contextlib.contextmanager
def _swapped(module: ModuleType, name: str, wrap: Callable[[Any], Any]) -> Iterator[None]:
    """Put something else in a module's name for a while."""
    real = getattr(module, name)
    setattr(module, name, wrap(real))
    try:
        yield
    finally:
        setattr(module, name, real)

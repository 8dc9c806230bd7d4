"""Read messages for training exactly as the sentiment worker reads them."""

from collections.abc import Callable, Sequence

import numpy as np

from workers.engines.port import Engine, TokenBatch
from workers.preprocessing.preprocessor import Preprocessor
from workers.tone.cues import FloatArray

_ROWS_AT_ONCE = 256


class EngineMessageEncoder:
    """Clean, tokenise and run a warm tone engine."""

    def __init__(self, engine: Engine, preprocessor: Preprocessor, identity: str) -> None:
        self._engine = engine
        self._preprocessor = preprocessor
        self.identity = identity

    def encode(
        self, messages: Sequence[str], progress: Callable[[float], None]
    ) -> tuple[list[str], FloatArray]:
        """Return clean texts and their vectors [rows, dimension]."""
        texts: list[str] = []
        vectors = np.zeros((len(messages), self._engine.dimension), np.float32)
        for start in range(0, len(messages), _ROWS_AT_ONCE):
            prepared = self._preprocessor.prepare(messages[start : start + _ROWS_AT_ONCE])
            texts += [message.text for message in prepared]
            batch = TokenBatch.of([message.ids for message in prepared])
            vectors[start : len(texts)] = self._engine.run(batch)
            progress(len(texts) / len(messages))
        return texts, vectors

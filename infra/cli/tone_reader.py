"""Messages read as the sentiment worker reads them, in bulk."""

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from workers.engines.engine import Engine, TokenBatch
from workers.engines.select import select_engine
from workers.preprocessing.preprocessor import Preprocessor
from workers.preprocessing.tokens import Tokenizer
from workers.settings import WorkerSettings
from workers.tone.choice import encoder_of

_BATCH_SIZE = 256


class ToneReader:
    """Clean, tokenise and encode messages with the tone encoder; the engine must be warm.

    `identity` names that encoder (workers.tone.choice).
    """

    def __init__(self, engine: Engine, preprocessor: Preprocessor, identity: str) -> None:
        self._engine = engine
        self._preprocessor = preprocessor
        self.identity = identity

    @classmethod
    def of(cls, settings: WorkerSettings) -> Self:
        """Build and warm what the sentiment worker's settings say."""
        folder, threads = settings.model_folder, settings.engine_threads
        engine = select_engine(settings.engine, folder, "tone", threads)
        engine.warm()
        preprocessor = Preprocessor(Tokenizer.load(folder))
        preprocessor.warm()
        return cls(engine, preprocessor, encoder_of(folder))

    def encode(
        self, messages: Sequence[str], progress: Callable[[float], None]
    ) -> tuple[list[str], NDArray[np.float32]]:
        """Return clean texts and their vectors [rows, dimension]; `progress` gets the share."""
        texts: list[str] = []
        vectors = [np.empty((0, self._engine.dimension), np.float32)]
        for start in range(0, len(messages), _BATCH_SIZE):
            prepared = self._preprocessor.prepare(messages[start : start + _BATCH_SIZE])
            texts += [item.text for item in prepared]
            batch = TokenBatch.of([item.ids for item in prepared])
            vectors.append(self._engine.run(batch).vectors)
            progress(len(texts) / len(messages))
        return texts, np.concatenate(vectors)

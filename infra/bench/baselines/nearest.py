"""How every baseline answers: with the entry whose question is nearest."""

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from workers.engines.engine import TokenBatch
from workers.engines.litert import LiteRtEngine
from workers.knowledge import loader
from workers.knowledge.base import KnowledgeBase
from workers.preprocessing.tokens import Tokenizer
from workers.settings import WorkerSettings

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]


class NearestQuestion:
    """Answer by the scalar product of vectors of length 1."""

    def __init__(self, base: KnowledgeBase, embed: Embed) -> None:
        self._entries = base.entries
        self._embed = embed
        self._matrix = np.concatenate([embed([entry.question]) for entry in base.entries])

    @classmethod
    def load(cls, settings: WorkerSettings, embed: Embed) -> Self:
        """Read the knowledge base of the settings and embed its questions."""
        return cls(loader.load(settings.kb or loader.DEMO), embed)

    def answer(self, message: str) -> dict[str, object]:
        """Return the reply to one message."""
        likeness = self._matrix @ self._embed([message])[0]
        best = int(likeness.argmax())
        entry = self._entries[best]
        return {"response": entry.answer, "id": entry.id, "confidence": float(likeness[best])}


def litert_embedding(settings: WorkerSettings) -> Embed:
    """Return an embedding by Parley's own CPU engine, warm; not for two threads at once."""
    tokenizer = Tokenizer.load(settings.model_folder)
    engine = LiteRtEngine(settings.model_folder, "answer", settings.engine_threads)
    engine.warm()

    def embed(texts: Sequence[str]) -> Vectors:
        return engine.run(
            TokenBatch.of([tokens.ids for tokens in tokenizer.encode_batch(texts)])
        ).vectors

    return embed

"""The campaign's worker: Parley's own, with an engine that one word breaks and another one ends.

With PARLEY_CHAOS_PLANTED_BUG set its queue acknowledges early (see `planted_bug`).
"""

import os
from collections.abc import Sequence
from pathlib import Path

from celery import Celery

from infra.chaos.planted_bug import PLANTED_BUG, ForgetfulQueue
from infra.chaos.script import CRASH_WORD, POISON_WORD
from shared.errors import EngineError
from shared.jobs import ChatJob, Tone, ToneJob
from workers.consumer.chat_result import ChatResult
from workers.consumer.consumer import BatchConsumer
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.engines.cost import CostModel
from workers.engines.engine import Encoded, Engine, Shape, TokenBatch
from workers.engines.layout import EncoderName
from workers.engines.select import Kind, select_engine
from workers.preprocessing.tokens import Tokenizer


class FaultyEngine:
    """An engine that fails on every batch that holds one word, and crashes on another one."""

    def __init__(self, engine: Engine, poison_id: int, crash_id: int | None) -> None:
        self._engine = engine
        self._poison_id = poison_id
        self._crash_id = crash_id
        self.name = engine.name
        self.dimension = engine.dimension
        self.gives_early = engine.gives_early
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

    def run(self, batch: TokenBatch) -> Encoded:
        """Run the real engine; raise EngineError, or end the process, on the two words."""
        if self._crash_id is not None and (batch.ids == self._crash_id).any():
            os.abort()  # as native code does
        if (batch.ids == self._poison_id).any():
            raise EngineError("poisoned")
        return self._engine.run(batch)


def make_faulty_engine(
    kind: Kind, model_dir: Path, encoder: EncoderName, threads: int = 1
) -> Engine:
    """Make the engine that Parley would select, in its faulty wrapping; it is not warm yet."""
    ids = Tokenizer.load(model_dir).ranks
    crash_id = ids[CRASH_WORD] if encoder == "answer" else None
    engine = select_engine(kind, model_dir, encoder, threads)
    return FaultyEngine(engine, ids[POISON_WORD], crash_id)


def build_faulty_inference_consumer(
    app: Celery, hostname: str
) -> BatchConsumer[ChatJob, ChatResult]:
    """Build the campaign's inference consumer, with the planted bug if the environment asks so."""
    # Imported here, as below: each worker pays for its own role only.
    from workers.inference import build_inference_consumer

    queue_class = ForgetfulQueue if os.environ.get(PLANTED_BUG) else RedisInferenceQueue
    return build_inference_consumer(
        app, hostname, make_engine=make_faulty_engine, queue_class=queue_class
    )


def build_faulty_large_consumer(app: Celery, hostname: str) -> BatchConsumer[ChatJob, ChatResult]:
    """Build the campaign's consumer of second looks."""
    from workers.inference import build_large_consumer

    return build_large_consumer(app, hostname, make_engine=make_faulty_engine)


def build_faulty_sentiment_consumer(app: Celery, hostname: str) -> BatchConsumer[ToneJob, Tone]:
    """Build the campaign's sentiment consumer."""
    from workers.sentiment import build_sentiment_consumer

    return build_sentiment_consumer(app, hostname, make_engine=make_faulty_engine)

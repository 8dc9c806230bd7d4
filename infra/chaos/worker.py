"""The campaign's workers: Parley's own, with an engine that one word breaks and another one ends.

With PARLEY_CHAOS_PLANTED_BUG set the inference worker also gives messages up before they are
completed, as a queue that acknowledges early does: a campaign that does not see this is worth
nothing.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from celery import Celery
from numpy.typing import NDArray

from infra.chaos.script import CRASH_WORD, POISON_WORD
from shared.errors import EngineError
from shared.jobs import ChatJob, Tone, ToneJob
from workers.consumer.consumer import BatchConsumer
from workers.consumer.lease_queue import (
    ClaimResult,
    Completion,
    CompletionVerdict,
    Lease,
    LeasedJob,
)
from workers.consumer.redis_inference_queue import ChatResult, RedisInferenceQueue
from workers.engines.cost import CostModel
from workers.engines.engine import Engine, Shape, TokenBatch
from workers.engines.layout import EncoderName
from workers.engines.select import Kind, select_engine
from workers.preprocessing.tokens import Tokenizer

PLANTED_BUG = "PARLEY_CHAOS_PLANTED_BUG"


class PoisonableEngine:
    """An engine that fails on every batch that holds one word, and dies of another one."""

    def __init__(self, engine: Engine, poison_id: int, crash_id: int | None) -> None:
        self._engine = engine
        self._poison_id = poison_id
        self._crash_id = crash_id
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
        if self._crash_id is not None and (batch.ids == self._crash_id).any():
            os.abort()  # as native code does
        if (batch.ids == self._poison_id).any():
            raise EngineError("poisoned")
        return self._engine.run(batch)


class ForgetfulQueue(RedisInferenceQueue):
    """The planted bug: a message's lease is given up when it is taken, not when it has ended."""

    _held: dict[bytes, bytes] = {}  # noqa: RUF012 - one worker, one queue

    def lease(self, limit: int) -> list[Lease]:
        """Take messages and acknowledge them at once."""
        leases = super().lease(limit)
        self._held |= {lease.token: lease.raw for lease in leases}
        self._give_up([lease.token for lease in leases])
        return leases

    def claim(self, jobs: Sequence[LeasedJob[ChatJob]]) -> list[ClaimResult]:
        """Claim as if the leases were held."""
        with self._pretending([leased.lease.token for leased in jobs]):
            return super().claim(jobs)

    def complete(
        self, completions: Sequence[Completion[ChatJob, ChatResult]]
    ) -> list[CompletionVerdict]:
        """Complete as if the leases were held."""
        with self._pretending([completion.lease.token for completion in completions]):
            return super().complete(completions)

    @contextlib.contextmanager
    def _pretending(self, tokens: Sequence[bytes]) -> Iterator[None]:
        in_flight: dict[Any, Any] = {
            token: self._held[token] for token in tokens if token in self._held
        }
        if in_flight:
            self._redis.hset(self._lease_key, mapping=in_flight)
        try:
            yield
        finally:
            self._give_up(tokens)

    def _give_up(self, tokens: Sequence[bytes]) -> None:
        if tokens:
            self._redis.hdel(self._lease_key, *tokens)


def make_poisonable(kind: Kind, model_dir: Path, encoder: EncoderName, threads: int = 1) -> Engine:
    """Make the engine that a worker would run, with its two words; the tone's never ends."""
    ranks = Tokenizer.load(model_dir).ranks
    crash_id = ranks[CRASH_WORD] if encoder == "answer" else None
    engine = select_engine(kind, model_dir, encoder, threads)
    return PoisonableEngine(engine, ranks[POISON_WORD], crash_id)


def build_inference_consumer(app: Celery, hostname: str) -> BatchConsumer[ChatJob, ChatResult]:
    """Build the inference worker's consumer with the campaign's engine and, if set, its bug."""
    from workers import inference  # no worker of another queue needs all that

    queue_class = ForgetfulQueue if os.environ.get(PLANTED_BUG) else RedisInferenceQueue
    return inference.build_inference_consumer(
        app, hostname, make_engine=make_poisonable, queue_class=queue_class
    )


def build_sentiment_consumer(app: Celery, hostname: str) -> BatchConsumer[ToneJob, Tone]:
    """Build the sentiment worker's consumer with the campaign's engine."""
    from workers import sentiment

    return sentiment.build_sentiment_consumer(app, hostname, make_engine=make_poisonable)

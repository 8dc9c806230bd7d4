"""What the composition roots of all workers build alike."""

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import redis
from celery import Celery
from celery.signals import worker_shutting_down
from celery.worker import state

from shared.clock import SystemClock
from shared.partitions import Partitions, connect_partitions
from shared.processor import missing_instructions
from shared.tracing.start import open_tracer
from workers.consumer.batching import BatchLimits
from workers.consumer.celery_events import CeleryEvents
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import QueuePolicy
from workers.consumer.linger import Linger
from workers.consumer.options import (
    Beside,
    ConsumerOptions,
    Gauges,
    Knowledge,
    no_gauges,
)
from workers.consumer.partition_news import PartitionNews, listen_for_work
from workers.consumer.recorded_traces import RecordedTraces, TracedWorker
from workers.consumer.redis_lease_queue import RedisLeaseQueue
from workers.consumer.retry_policy import RetryPolicy, SingleTry
from workers.consumer.revocations import is_revoked
from workers.consumer.task_events import NoEvents, TaskEvents
from workers.consumer.traces import NoTraces, Traces
from workers.engines.caching import CachingEngine
from workers.engines.engine import Engine
from workers.engines.layout import EncoderName
from workers.engines.select import Kind
from workers.lru_cache import CacheStats, LruCache
from workers.preprocessing.preprocessor import Preprocessor
from workers.preprocessing.tokens import Tokenizer
from workers.settings import WorkerSettings
from workers.tenant_weights import read_weights
from workers.token_budgets import read_budgets

_log = logging.getLogger(__name__)
QueueT = TypeVar("QueueT", bound=RedisLeaseQueue[Any, Any], covariant=True)
CombinedT = TypeVar("CombinedT")


class MakeEngine(Protocol):
    """Makes an engine that is not warm yet; `workers.engines.select.select_engine` is one."""

    def __call__(
        self, kind: Kind, model_dir: Path, encoder: EncoderName, threads: int = 1
    ) -> Engine:
        """Make the engine of one encoder of a built model. Raises ModelError or EngineError."""


@dataclass(frozen=True, slots=True)
class TextModel:
    """An engine and what makes its token ids; all warm."""

    engine: CachingEngine
    preprocessor: Preprocessor
    tokenizer: Tokenizer

    def gauges(self) -> Mapping[str, float]:
        """Return how both caches serve."""
        return {
            **_cache_gauges("phrase", self.preprocessor.cache_stats),
            **_cache_gauges("vector", self.engine.stats),
        }


def build_context(
    settings: WorkerSettings, app: Celery, hostname: str, queue: str, encoder: str
) -> WorkerContext:
    """Return the context of a Celery worker of this name; the last two are told in traces.

    It stops with the worker, also while its consumer is being built. Raises SettingsError.
    """
    worker_id = f"{hostname}.{secrets.token_hex(4)}"
    context = WorkerContext(
        worker_id=worker_id,
        traces=_traces(settings, TracedWorker(worker_id, queue, encoder)),
        events=_task_events(settings, app, hostname),
        is_revoked=is_revoked,
    )

    def stop(**_signal: Any) -> None:
        context.stopping.set()

    worker_shutting_down.connect(stop, weak=False)
    if state.should_stop is not None and state.should_stop is not False:  # 0: it came before
        stop()
    return context


def load_model(
    settings: WorkerSettings,
    folder: Path,
    encoder: EncoderName,
    make_engine: MakeEngine,
    rewrite: Callable[[str], str] = str,
) -> TextModel:
    """Warm the engine and the preprocessing. Raises ModelError or EngineError with the reason.

    `folder` is the built model's. `rewrite` turns a clean message into what the engine shall read.
    """
    if fault := missing_instructions():
        _log.warning("%s", fault)
    began_at = time.monotonic()
    bare = make_engine(settings.engine, folder, encoder, threads=settings.engine_threads)
    engine = CachingEngine(bare, settings.vector_cache)
    engine.warm()
    tokenizer = Tokenizer.load(folder)
    preprocessor = Preprocessor(tokenizer, LruCache(settings.phrase_cache), rewrite)
    preprocessor.warm()
    _log.info("%s is warm after %.1f s", engine.name, time.monotonic() - began_at)
    return TextModel(engine, preprocessor, tokenizer)


def queue_policy(settings: WorkerSettings) -> QueuePolicy:
    """Return the queue's policy as the settings have it."""
    return QueuePolicy(
        deliveries=settings.delivery_limit,
        result_ttl_seconds=settings.result_ttl_seconds,
        conversation_ttl_seconds=settings.conversation_ttl_seconds,
        latency_target_seconds=settings.latency_target_seconds,
        memory_records=settings.memory_messages,
        memory_ttl_seconds=settings.memory_ttl_seconds,
        lists=settings.queue_lists,
        tenant_weights=read_weights(settings.tenant_weights),
        replica_acks=settings.replica_acks,
        voice_target_seconds=settings.voice_target_seconds,
        voice_budgets=read_budgets(settings.voice_budget_tokens),
    )


def open_partitions(settings: WorkerSettings) -> Partitions:
    """Return clients of all partitions, of which there is one where Redis is no cluster."""
    return connect_partitions(settings.redis_address, settings.partitions)


class BuildQueue(Protocol[QueueT]):
    """Builds a worker's view of its queue in one partition."""

    def __call__(
        self, client: "redis.Redis", policy: QueuePolicy, retry: RetryPolicy | None
    ) -> QueueT:
        """Build it; without a policy of its own it outlasts any outage."""


def queue_over(
    partitions: Partitions,
    name: str,
    context: WorkerContext,
    policy: QueuePolicy,
    build: BuildQueue[QueueT],
    combine: Callable[[Sequence[QueueT], PartitionNews], CombinedT],
) -> QueueT | CombinedT:
    """Return the queue itself where there is one partition, else one over all of them."""
    if partitions.is_one:
        return build(partitions.home, policy, None)
    news = PartitionNews(partitions.prefixes, context.clock)
    listen_for_work(partitions, name, news)
    queues = [
        build(
            client,
            _policy_of_part(policy, partitions, client),
            SingleTry(context.stopping, context.failover, f"{name} in partition {prefix}"),
        )
        for client, prefix in zip(partitions.clients, partitions.prefixes, strict=True)
    ]
    return combine(queues, news)


def _policy_of_part(
    policy: QueuePolicy, partitions: Partitions, client: "redis.Redis"
) -> QueuePolicy:
    return replace(
        policy,
        lists=partitions.lists_of(client, policy.lists),
        # Conversations spread evenly, and a script sees the tokens of one partition.
        voice_budgets=policy.voice_budgets.part(len(partitions.clients)),
    )


def consumer_options(
    settings: WorkerSettings,
    model: TextModel,
    linger: Linger | None = None,
    gauges: Gauges = no_gauges,
    beside: Beside | None = None,
    knowledge: Knowledge | None = None,
) -> ConsumerOptions:
    """Return the options of a consumer as the settings have them; the last two are the role's."""
    limits = BatchLimits(settings.max_batch, settings.token_budget)

    def all_gauges() -> Mapping[str, float]:
        return {**model.gauges(), **gauges()}

    return ConsumerOptions(limits, linger, all_gauges, beside, knowledge)


def _traces(settings: WorkerSettings, worker: TracedWorker) -> Traces:
    tracer = open_tracer(settings, f"parley-{worker.queue}")
    return NoTraces() if tracer is None else RecordedTraces(tracer, worker, SystemClock())


def _task_events(settings: WorkerSettings, app: Celery, hostname: str) -> TaskEvents:
    if settings.task_events == "off":
        return NoEvents()
    return CeleryEvents(app, hostname, beginnings=settings.task_events == "full")


def _cache_gauges(name: str, stats: CacheStats) -> Mapping[str, float]:
    return {
        f"{name}_cache_hits": stats.hits,
        f"{name}_cache_misses": stats.misses,
        f"{name}_cache_entries": stats.entries,
    }

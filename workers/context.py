"""What both composition roots build alike: engine, preprocessing, and the drain's common parts."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from celery import Celery

from shared.clock import Clock, SystemClock
from workers.consumer.batching import BatchLimits, Pool
from workers.consumer.celery_events import CeleryEvents
from workers.consumer.consumer import BatchConsumer, Completer, Parts, Preparer, WorkerIdentity
from workers.consumer.counters import Counters
from workers.consumer.fetch import Fetcher
from workers.consumer.jobs import Job
from workers.consumer.lease_queue import LeaseQueue, QueueLimits
from workers.consumer.linger import EngineLinger, Linger
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.run import Runner
from workers.consumer.task_events import NoEvents, TaskEvents
from workers.engines.caching import CachingEngine
from workers.engines.layout import EncoderName
from workers.engines.select import select_engine
from workers.knowledge.pleasantries import strip_pleasantries
from workers.lru_cache import CacheStats, LruCache
from workers.preprocessing.preprocessor import Preprocessor
from workers.preprocessing.tokens import Tokenizer
from workers.settings import WorkerSettings

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What a worker stands on before it knows its role."""

    settings: WorkerSettings
    worker_id: str
    engine: CachingEngine
    preprocessor: Preprocessor
    events: TaskEvents
    counters: Counters
    stopping: threading.Event
    retry_policy: RetryPolicy
    clock: Clock


def build_context(
    settings: WorkerSettings, encoder: EncoderName, app: Celery, hostname: str
) -> WorkerContext:
    """Warm the engine and the preprocessing. Raises ModelError or EngineError with the reason."""
    started = time.monotonic()
    bare = select_engine(
        settings.engine, settings.model_folder, encoder, threads=settings.engine_threads
    )
    engine = CachingEngine(bare, settings.vector_cache)
    engine.warm()
    preprocessor = Preprocessor(
        Tokenizer.load(settings.model_folder),
        LruCache(settings.phrase_cache),
        strip_pleasantries if encoder == "answer" else str,  # the tone reads courtesy too
    )
    preprocessor.warm()
    _log.info("%s is warm after %.1f s", engine.name, time.monotonic() - started)
    stopping = threading.Event()
    return WorkerContext(
        settings=settings,
        worker_id=f"{hostname}.{secrets.token_hex(4)}",
        engine=engine,
        preprocessor=preprocessor,
        events=_events(settings, app, hostname),
        counters=Counters(),
        stopping=stopping,
        retry_policy=RetryPolicy(stopping),
        clock=SystemClock(),
    )


def queue_limits(settings: WorkerSettings) -> QueueLimits:
    """Return the queue's bounds as the settings have them."""
    return QueueLimits(
        deliveries=settings.delivery_limit,
        result_ttl_seconds=settings.result_ttl_seconds,
        conversation_ttl_seconds=settings.conversation_ttl_seconds,
    )


def build_consumer(
    foundation: WorkerContext,
    queue_name: str,
    queue: LeaseQueue,
    preparer: Preparer[Job],
    completer: Completer[Job],
    pace: Linger | None = None,
    gauges: Callable[[], Mapping[str, float]] = dict,
) -> BatchConsumer[Job]:
    """Put a drain together from its role's parts and the common ones."""
    settings = foundation.settings
    limits = BatchLimits(settings.max_batch, settings.token_budget)
    # One batch ahead and no more: what lies here could be with a worker that is free.
    pool: Pool[Job] = Pool(limits, capacity=settings.max_batch)

    engine_pace = EngineLinger(foundation.clock, foundation.engine.cost)

    def all_gauges() -> Mapping[str, float]:
        phrases, vectors = foundation.preprocessor.cache_stats, foundation.engine.stats
        return {**_cache_gauges("phrase", phrases), **_cache_gauges("vector", vectors), **gauges()}

    return BatchConsumer(
        Parts(
            identity=WorkerIdentity(
                foundation.worker_id, queue_name, foundation.engine.name, foundation.clock.now()
            ),
            queue=queue,
            pool=pool,
            fetcher=Fetcher(queue, pool, pace or engine_pace),
            pace=engine_pace,
            preparer=preparer,
            runner=Runner(foundation.engine, foundation.clock),
            completer=completer,
            events=foundation.events,
            counters=foundation.counters,
            retry_policy=foundation.retry_policy,
            clock=foundation.clock,
            stopping=foundation.stopping,
            gauges=all_gauges,
        )
    )


def _events(settings: WorkerSettings, app: Celery, hostname: str) -> TaskEvents:
    if settings.task_events == "off":
        return NoEvents()
    return CeleryEvents(app, hostname, beginnings=settings.task_events == "full")


def _cache_gauges(name: str, stats: CacheStats) -> Mapping[str, float]:
    return {
        f"{name}_cache_hits": stats.hits,
        f"{name}_cache_misses": stats.misses,
        f"{name}_cache_entries": stats.entries,
    }

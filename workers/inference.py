"""Composition root of the inference worker."""

from celery import Celery

from shared import keys
from shared.jobs import ChatJob
from shared.settings import load
from workers.consumer.bootstep import is_revoked
from workers.consumer.complete import ChatCompleter
from workers.consumer.consumer import BatchConsumer
from workers.consumer.prepare import ChatPreparer, DropPolicy
from workers.consumer.redis_queue import RedisInferenceQueue
from workers.context import WorkerContext, build_consumer, build_context, queue_limits
from workers.engines.manifest import read_manifest
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import EngineEncoder
from workers.knowledge.loader import DEMO
from workers.knowledge.responder import build_responder
from workers.reply_builder import ReplyBuilder
from workers.settings import WorkerSettings
from workers.tone.wording import Wording


def compose_inference(app: Celery, hostname: str) -> BatchConsumer[ChatJob]:
    """Build the inference worker's drain, warm and ready to start."""
    settings = load(WorkerSettings)
    base = build_context(settings, "answer", app, hostname)
    composer = _composer(base)
    queue = RedisInferenceQueue(
        settings.redis_address, base.worker_id, base.clock, queue_limits(settings)
    )
    judge = DropPolicy(is_revoked, base.clock)
    shared_parts = (base.events, base.counters, base.retry_policy)
    preparer = ChatPreparer(queue, base.preprocessor, judge, *shared_parts)
    completer = ChatCompleter(queue, composer, *shared_parts, base.clock)
    return build_consumer(base, keys.INFERENCE, queue, preparer, completer)


def _composer(base: WorkerContext) -> ReplyBuilder:
    settings = base.settings
    encoder = EngineEncoder(
        base.engine, base.preprocessor, read_manifest(settings.model_folder).digest
    )
    cache = settings.data_dir / "cache"
    responder = build_responder(settings.kb or DEMO, EmbeddingCache(cache, encoder), cache)
    return ReplyBuilder(responder, Wording.load(), base.engine.name, base.clock)

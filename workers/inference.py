"""Composition root of the inference worker."""

from celery import Celery

from shared import keys
from shared.jobs import ChatJob
from shared.settings import load
from workers.assembly import Foundation, assemble, lay_foundation, queue_limits
from workers.composing import ReplyComposer
from workers.drain.complete import ChatCompleter
from workers.drain.drain import Drain
from workers.drain.prepare import ChatPreparer, Judge
from workers.drain.redis_queue import RedisInferenceQueue
from workers.drain.step import is_revoked
from workers.knowledge.assemble import build_responder
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import EngineEncoder
from workers.knowledge.loader import DEMO
from workers.models.manifest import read_manifest
from workers.settings import WorkerSettings
from workers.tone.wording import Wording


def compose_inference(app: Celery, hostname: str) -> Drain[ChatJob]:
    """Build the inference worker's drain, warm and ready to start."""
    settings = load(WorkerSettings)
    base = lay_foundation(settings, "answer", app, hostname)
    composer = _composer(base)
    queue = RedisInferenceQueue(
        settings.redis_address, base.worker_id, base.clock, queue_limits(settings)
    )
    judge = Judge(is_revoked, base.clock)
    shared_parts = (base.events, base.counters, base.persister)
    preparer = ChatPreparer(queue, base.preprocessor, judge, *shared_parts)
    completer = ChatCompleter(queue, composer, *shared_parts, base.clock)
    return assemble(base, keys.INFERENCE, queue, preparer, completer)


def _composer(base: Foundation) -> ReplyComposer:
    settings = base.settings
    encoder = EngineEncoder(
        base.engine, base.preprocessor, read_manifest(settings.model_folder).digest
    )
    cache = settings.data_dir / "cache"
    responder = build_responder(settings.kb or DEMO, EmbeddingCache(cache, encoder), cache)
    return ReplyComposer(responder, Wording.load(), base.engine.name, base.clock)

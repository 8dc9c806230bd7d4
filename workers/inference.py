"""The inference role, and the composition root of its worker."""

from celery import Celery

from shared import keys, wire
from shared.jobs import ChatJob
from shared.settings import load
from workers.bootstrap import (
    MakeEngine,
    TextModel,
    build_context,
    consumer_options,
    load_model,
    queue_policy,
)
from workers.consumer.consumer import BatchConsumer
from workers.consumer.redis_inference_queue import ChatResult, RedisInferenceQueue
from workers.consumer.role import Role
from workers.dialogue.decide import Decider
from workers.dialogue.hearing import Listener
from workers.dialogue.reader import MessageReader
from workers.engines.manifest import read_manifest
from workers.engines.select import select_engine
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import EngineEncoder
from workers.knowledge.finder import Finder
from workers.knowledge.loader import DEMO
from workers.knowledge.pleasantries import strip_pleasantries
from workers.knowledge.responder import build_finder
from workers.reply_builder import ReplyBuilder
from workers.settings import WorkerSettings
from workers.tone.wording import Wording


def build_inference_consumer(
    app: Celery,
    hostname: str,
    *,
    make_engine: MakeEngine = select_engine,
    queue_class: type[RedisInferenceQueue] = RedisInferenceQueue,
) -> BatchConsumer[ChatJob, ChatResult]:
    """Build the inference worker's consumer, warm and ready to start. Raises ParleyError."""
    settings = load(WorkerSettings)
    context = build_context(settings, app, hostname)
    model = load_model(settings, "answer", make_engine, strip_pleasantries)
    finder = _build_finder(settings, model)
    replies = ReplyBuilder(
        Listener(finder, model.engine.name),
        Decider(finder.thresholds, finder.entries),
        Wording.load(),
        model.engine.name,
        context.clock,
    )
    queue = queue_class(settings.redis_address, context, queue_policy(settings))
    role = Role(
        queue=keys.INFERENCE,
        task=keys.INFER_TASK,
        decode=wire.read_chat_job,
        prepare=MessageReader(model.preprocessor, model.engine.name).read,
        draft=replies.draft,
        tones=queue,
    )
    return BatchConsumer(context, role, queue, model.engine, consumer_options(settings, model))


def _build_finder(settings: WorkerSettings, model: TextModel) -> Finder:
    digest = read_manifest(settings.model_folder).digest
    encoder = EngineEncoder(model.engine, model.preprocessor, digest)
    cache = settings.data_dir / "cache"
    return build_finder(settings.kb or DEMO, EmbeddingCache(cache, encoder), cache)

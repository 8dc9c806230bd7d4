"""The inference roles, and the composition roots of their workers."""

from collections.abc import Mapping
from pathlib import Path

from celery import Celery

from shared import keys, wire
from shared.connection import connect
from shared.jobs import ChatJob, Encoder
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
from workers.consumer.context import WorkerContext
from workers.consumer.redis_inference_queue import ChatResult, RedisInferenceQueue
from workers.consumer.role import Role
from workers.dialogue.decide import Decider
from workers.dialogue.hearing import Listener
from workers.dialogue.reader import MessageReader
from workers.encoder_choice import chosen_encoder
from workers.engines.manifest import read_manifest
from workers.engines.select import select_engine
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import EngineEncoder
from workers.knowledge.finder import Finder
from workers.knowledge.loader import DEMO
from workers.knowledge.responder import build_finder
from workers.knowledge.rewrite import rewrite
from workers.memory.redis_memory import RedisMemory
from workers.reply_builder import ReplyBuilder
from workers.second_look.decided import BatchDecider
from workers.second_look.first import FirstLookDecider
from workers.second_look.meter import SecondLookMeter
from workers.second_look.pace import Pace
from workers.second_look.second import SecondLookDecider, read_in_time
from workers.settings import WorkerSettings
from workers.tone.wording import Wording

_TYPICAL_TOKENS = 16  # of a message; with it a large worker guesses its pace before it knows


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
    choice = chosen_encoder(settings)
    encoder: Encoder = "large" if choice == "large" else "small"
    folder = settings.large_model_folder if encoder == "large" else settings.model_folder
    model = load_model(settings, folder, "answer", make_engine, rewrite)
    finder = _build_finder(settings, model, folder)
    cascade = choice == "cascade"
    space = f"{encoder}-{read_manifest(folder).digest[:12]}"  # the vectors that dialogues keep
    memory = RedisMemory(connect(settings.redis_address))
    decider = FirstLookDecider(
        Listener(finder, memory, space),
        Decider(finder.thresholds, finder.entries),
        context.clock,
        encoder,
        cascade=cascade,
    )
    replies = _build_replies(settings, decider, model, context)
    queue = queue_class(settings.redis_address, context, queue_policy(settings))
    role = Role(
        queue=keys.INFERENCE,
        task=keys.INFER_TASK,
        decode=wire.read_chat_job,
        prepare=MessageReader(model.preprocessor, model.tokenizer, space).read,
        draft=replies.draft,
        tones=queue,
        second_looks=queue if cascade else None,
    )

    def gauges() -> Mapping[str, float]:
        return {"cascade": float(cascade)}

    options = consumer_options(settings, model, gauges=gauges)
    return BatchConsumer(context, role, queue, model.engine, options)


def build_large_consumer(
    app: Celery,
    hostname: str,
    *,
    make_engine: MakeEngine = select_engine,
    queue_class: type[RedisInferenceQueue] = RedisInferenceQueue,
) -> BatchConsumer[ChatJob, ChatResult]:
    """Build the consumer of second looks, warm and ready to start. Raises ParleyError."""
    settings = load(WorkerSettings)
    context = build_context(settings, app, hostname)
    folder, target_seconds = settings.large_model_folder, settings.latency_target_seconds
    model = load_model(settings, folder, "answer", make_engine, rewrite)
    finder = _build_finder(settings, model, folder)
    pace = Pace(context.clock, model.engine.cost.seconds(_TYPICAL_TOKENS))
    decider = SecondLookDecider(
        Listener(finder, RedisMemory(connect(settings.redis_address)), "large"),
        Decider(finder.thresholds, finder.entries),
        SecondLookMeter(context, pace, target_seconds),
    )
    replies = _build_replies(settings, decider, model, context)
    queue = queue_class(
        settings.redis_address, context, queue_policy(settings), keys.INFERENCE_LARGE
    )
    role = Role(
        queue=keys.INFERENCE_LARGE,
        task=keys.INFER_TASK,
        decode=wire.read_second_look,
        prepare=read_in_time(
            MessageReader(model.preprocessor, model.tokenizer, encoder=None).read,
            context.clock,
            target_seconds,
        ),
        draft=replies.draft,
        tones=queue,
        outlasts_faults=True,
    )
    options = consumer_options(settings, model, gauges=pace.gauges)
    return BatchConsumer(context, role, queue, model.engine, options)


def _build_replies(
    settings: WorkerSettings, decider: BatchDecider, model: TextModel, context: WorkerContext
) -> ReplyBuilder:
    webhook = settings.handover_webhook is not None
    wording, engine_name = Wording.load(), model.engine.name
    return ReplyBuilder(decider, wording, engine_name, context.clock, webhook=webhook)


def _build_finder(settings: WorkerSettings, model: TextModel, folder: Path) -> Finder:
    encoder = EngineEncoder(model.engine, model.preprocessor, read_manifest(folder).digest)
    cache = settings.data_dir / "cache"
    return build_finder(settings.kb or DEMO, EmbeddingCache(cache, encoder), cache)

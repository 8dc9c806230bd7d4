"""The inference roles, and the composition roots of their workers."""

from collections.abc import Callable, Mapping

import redis
from celery import Celery

from shared import keys, wire
from shared.jobs import ChatJob
from shared.partitions import Partitions
from shared.settings import load
from workers.answering import (
    build_first_look,
    build_second_look,
    load_first_model,
    load_large_model,
)
from workers.bootstrap import (
    MakeEngine,
    TextModel,
    build_context,
    consumer_options,
    open_partitions,
    queue_over,
    queue_policy,
)
from workers.consumer.chat_result import ChatResult
from workers.consumer.consumer import BatchConsumer
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import QueuePolicy
from workers.consumer.partitioned_roles import PartitionedInferenceQueue
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.role import Role
from workers.draft_source import RedisDraftSource
from workers.embedding import DraftBatch, Embedder, Prepare
from workers.engines.select import select_engine
from workers.follow_ups.dispatch import FollowUpDispatcher, follow_up_app
from workers.follow_ups.outbox import RedisFollowUpOutbox
from workers.follow_ups.sender import FollowUpSender
from workers.gap_grouper import GapGrouper
from workers.gap_store import gap_store
from workers.knowledge.loader import DEMO
from workers.live_knowledge import open_knowledge
from workers.memory.memory import Memory
from workers.memory.redis_memory import PartitionedMemory, RedisMemory
from workers.reading import languages
from workers.second_look.first_look import is_of_another_version
from workers.second_look.meter import SecondLookMeter
from workers.second_look.pace import Pace
from workers.second_look.second import read_in_time
from workers.settings import WorkerSettings
from workers.speaking.returned import ReturnedJobs

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
    encoder = "large" if settings.encoder == "large" else "small"
    context = build_context(settings, app, hostname, keys.INFERENCE, encoder)
    model = load_first_model(settings, make_engine)
    partitions = open_partitions(settings)
    memory = _memory(settings, partitions)
    answering = build_first_look(settings, model, memory, context.clock)
    knowledge = open_knowledge(
        settings.kb or DEMO,
        answering.builder,
        context,
        RedisDraftSource(partitions.home),
        GapGrouper(gap_store(partitions), context.clock),
    )
    sender = _follow_ups(settings, partitions, context)
    queue = _queue(keys.INFERENCE, settings, partitions, context, queue_class, sender.wake)
    embedder = _build_embedder(settings, model, answering.prepare, knowledge.draft)
    prepare = embedder.prepare if embedder else answering.prepare
    draft = embedder.draft if embedder else knowledge.draft
    returned = ReturnedJobs(prepare, draft, context.clock)
    role = Role(
        queue=keys.INFERENCE,
        task=keys.INFER_TASK,
        decode=wire.read_chat_job if embedder is None else wire.read_inference_job,
        prepare=returned.prepare,
        draft=returned.draft,
        tones=queue,
        second_looks=queue if answering.cascade else None,
        voice=queue if settings.has_voice else None,
        tone_tasks=queue,
        early_model=answering.builder.digest if model.engine.gives_early else "",
    )

    def gauges() -> Mapping[str, float]:
        return {"cascade": float(answering.cascade), "voice": float(settings.has_voice)}

    options = consumer_options(settings, model, gauges=gauges, beside=sender, knowledge=knowledge)
    languages.load_soon()  # not before: the first answer, in English as most, would come later
    return BatchConsumer(context, role, queue, model.engine, options)


def _build_embedder(
    settings: WorkerSettings, model: TextModel, prepare: Prepare, draft: DraftBatch
) -> Embedder | None:
    """Return what answers jobs of texts too; without an encoder nothing does."""
    if settings.variant == "tfidf":
        return None
    return Embedder(model.tokenizer, prepare, draft)


def build_large_consumer(
    app: Celery,
    hostname: str,
    *,
    make_engine: MakeEngine = select_engine,
    queue_class: type[RedisInferenceQueue] = RedisInferenceQueue,
) -> BatchConsumer[ChatJob, ChatResult]:
    """Build the consumer of second looks, warm and ready to start. Raises ParleyError."""
    settings = load(WorkerSettings)
    context = build_context(settings, app, hostname, keys.INFERENCE_LARGE, "large")
    target_seconds = settings.latency_target_seconds
    model = load_large_model(settings, make_engine)
    pace = Pace(context.clock, model.engine.cost.seconds(_TYPICAL_TOKENS))
    meter = SecondLookMeter(context, pace, target_seconds)
    partitions = open_partitions(settings)
    memory = _memory(settings, partitions)
    answering = build_second_look(settings, model, memory, meter, context.clock)
    sender = _follow_ups(settings, partitions, context)
    drafts = RedisDraftSource(partitions.home)
    knowledge = open_knowledge(settings.kb or DEMO, answering.builder, context, drafts)
    queue = _queue(keys.INFERENCE_LARGE, settings, partitions, context, queue_class, sender.wake)
    role = Role(
        queue=keys.INFERENCE_LARGE,
        task=keys.INFER_TASK,
        decode=wire.read_second_look,
        prepare=read_in_time(answering.prepare, context.clock, target_seconds),
        draft=knowledge.draft,
        tones=queue,
        voice=queue if settings.has_voice else None,
        tone_tasks=queue,
        outlasts_faults=True,
        is_for_others=is_of_another_version,
    )
    options = consumer_options(
        settings, model, gauges=pace.gauges, beside=sender, knowledge=knowledge
    )
    languages.load_soon()
    return BatchConsumer(context, role, queue, model.engine, options)


def _queue(
    name: str,
    settings: WorkerSettings,
    partitions: Partitions,
    context: WorkerContext,
    queue_class: type[RedisInferenceQueue],
    follow_up: Callable[[], None],
) -> RedisInferenceQueue | PartitionedInferenceQueue:
    def build(
        client: "redis.Redis", policy: QueuePolicy, retry: RetryPolicy | None
    ) -> RedisInferenceQueue:
        return queue_class(client, context, policy, name, follow_up, retry)

    policy = queue_policy(settings)
    return queue_over(partitions, name, context, policy, build, PartitionedInferenceQueue)


def _memory(settings: WorkerSettings, partitions: Partitions) -> Memory:
    if partitions.is_one:
        return RedisMemory(partitions.home)
    return PartitionedMemory(partitions.each(RedisMemory), settings.memory_messages)


def _follow_ups(
    settings: WorkerSettings, partitions: Partitions, context: WorkerContext
) -> FollowUpSender:
    app = follow_up_app(settings.redis_address, settings.result_ttl_seconds)
    outbox = RedisFollowUpOutbox(partitions.stock)  # only Celery clients ask for follow-ups

    def count_given_up() -> None:
        context.counters.add(dead_letters_follow_up=1)

    return FollowUpSender(outbox, FollowUpDispatcher(app), context.clock, count_given_up)

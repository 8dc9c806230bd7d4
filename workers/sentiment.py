"""The sentiment role, and the composition root of its worker."""

from dataclasses import dataclass

import redis
from celery import Celery

from shared import keys, wire
from shared.jobs import Tone, ToneJob
from shared.settings import load
from workers.bootstrap import (
    MakeEngine,
    TextModel,
    build_context,
    consumer_options,
    load_model,
    open_partitions,
    queue_over,
    queue_policy,
)
from workers.consumer.consumer import BatchConsumer
from workers.consumer.counters import Counters
from workers.consumer.lease_queue import QueuePolicy
from workers.consumer.linger import ToneLinger
from workers.consumer.partitioned_roles import PartitionedSentimentQueue
from workers.consumer.redis_sentiment_queue import RedisSentimentQueue
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.role import Role
from workers.engines.manifest import read_manifest
from workers.engines.select import select_engine
from workers.judging import Judge
from workers.settings import WorkerSettings
from workers.tone.choice import classifier_for
from workers.tone.prior import read_prior


@dataclass(frozen=True, slots=True)
class Judging:
    """The steps of a tone job: the judge's, and between them the model's engine."""

    model: TextModel
    judge: Judge


def build_sentiment_consumer(
    app: Celery, hostname: str, *, make_engine: MakeEngine = select_engine
) -> BatchConsumer[ToneJob, Tone]:
    """Build the sentiment worker's consumer, warm and ready to start. Raises ParleyError."""
    settings = load(WorkerSettings)
    context = build_context(settings, app, hostname, keys.SENTIMENT, "tone")
    judging = build_judging(settings, make_engine, context.counters)

    def build(
        client: "redis.Redis", policy: QueuePolicy, retry: RetryPolicy | None
    ) -> RedisSentimentQueue:
        return RedisSentimentQueue(client, context, policy, retry)

    queue = queue_over(
        open_partitions(settings),
        keys.SENTIMENT,
        context,
        queue_policy(settings),
        build,
        PartitionedSentimentQueue,
    )
    role = Role(
        queue=keys.SENTIMENT,
        task=keys.TONE_TASK,
        decode=wire.read_tone_job,
        prepare=judging.judge.prepare,
        draft=judging.judge.draft,
    )
    options = consumer_options(settings, judging.model, ToneLinger(queue.answers_waiting))
    return BatchConsumer(context, role, queue, judging.model.engine, options)


def build_judging(settings: WorkerSettings, make_engine: MakeEngine, counters: Counters) -> Judging:
    """Build and warm the steps of a tone job. Raises ModelError or EngineError."""
    # Not rewritten: pleasantries belong to the tone.
    folder = settings.model_folder
    model = load_model(settings, folder, "tone", make_engine)
    classifier = classifier_for(folder, read_prior(settings.tone_prior))
    digest, dimension = read_manifest(folder).digest, model.engine.dimension
    return Judging(model, Judge(model.preprocessor, classifier, digest, dimension, counters))

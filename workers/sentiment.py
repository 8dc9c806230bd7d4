"""The sentiment role, and the composition root of its worker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

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
    passages_of,
    queue_over,
    queue_policy,
)
from workers.consumer.consumer import BatchConsumer
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import ClaimedJob, QueuePolicy
from workers.consumer.linger import ToneLinger
from workers.consumer.partitioned_queue import PartitionedSentimentQueue
from workers.consumer.redis_sentiment_queue import RedisSentimentQueue
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.role import Draft, Role
from workers.engines.select import select_engine
from workers.preprocessing.preprocessor import Prepared
from workers.settings import WorkerSettings
from workers.tone.choice import classifier_for
from workers.tone.classifier import Classifier
from workers.tone.prior import read_prior


@dataclass(frozen=True, slots=True)
class Judging:
    """The steps of a tone job in order: `prepare`, the model's engine, `draft`."""

    model: TextModel
    prepare: Callable[[Sequence[ClaimedJob[ToneJob]]], list[tuple[Prepared, ...]]]
    draft: Callable[[BatchResult[ToneJob]], Sequence[Draft[Tone]]]


def build_sentiment_consumer(
    app: Celery, hostname: str, *, make_engine: MakeEngine = select_engine
) -> BatchConsumer[ToneJob, Tone]:
    """Build the sentiment worker's consumer, warm and ready to start. Raises ParleyError."""
    settings = load(WorkerSettings)
    context = build_context(settings, app, hostname, keys.SENTIMENT, "tone")
    judging = build_judging(settings, make_engine)

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
        prepare=judging.prepare,
        draft=judging.draft,
    )
    options = consumer_options(settings, judging.model, ToneLinger(queue.answers_waiting))
    return BatchConsumer(context, role, queue, judging.model.engine, options)


def build_judging(settings: WorkerSettings, make_engine: MakeEngine) -> Judging:
    """Build and warm the steps of a tone job. Raises ModelError or EngineError."""
    # Not rewritten: pleasantries belong to the tone.
    model = load_model(settings, settings.model_folder, "tone", make_engine)
    classifier = classifier_for(settings.model_folder, read_prior(settings.tone_prior))
    return Judging(model, passages_of(model.preprocessor), drafts_of(classifier))


def drafts_of(
    classifier: Classifier,
) -> Callable[[BatchResult[ToneJob]], Sequence[Draft[Tone]]]:
    """Return the role's drafting: a classified tone is finished at once."""

    def draft(batch: BatchResult[ToneJob]) -> Sequence[Draft[Tone]]:
        texts = [job.passages[0].text for job in batch.jobs]
        tones = classifier.classify(texts, batch.vectors)
        return [Draft(partial(_finished, tone)) for tone in tones]

    return draft


def _finished(tone: Tone, _unknown: Tone, _now: float) -> Tone:
    return tone

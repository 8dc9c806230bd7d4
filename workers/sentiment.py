"""The sentiment role, and the composition root of its worker."""

from collections.abc import Callable, Sequence
from functools import partial

from celery import Celery

from shared import keys, wire
from shared.jobs import Tone, ToneJob
from shared.settings import load
from workers.bootstrap import (
    MakeEngine,
    build_context,
    consumer_options,
    load_model,
    passages_of,
    queue_policy,
)
from workers.consumer.consumer import BatchConsumer
from workers.consumer.jobs import BatchResult
from workers.consumer.linger import ToneLinger
from workers.consumer.redis_sentiment_queue import RedisSentimentQueue
from workers.consumer.role import Draft, Role
from workers.engines.select import select_engine
from workers.settings import WorkerSettings
from workers.tone.choice import classifier_for
from workers.tone.classifier import Classifier
from workers.tone.prior import read_prior


def build_sentiment_consumer(
    app: Celery, hostname: str, *, make_engine: MakeEngine = select_engine
) -> BatchConsumer[ToneJob, Tone]:
    """Build the sentiment worker's consumer, warm and ready to start. Raises ParleyError."""
    settings = load(WorkerSettings)
    context = build_context(settings, app, hostname)
    # Not rewritten: pleasantries belong to the tone.
    model = load_model(settings, settings.model_folder, "tone", make_engine)
    queue = RedisSentimentQueue(settings.redis_address, context, queue_policy(settings))
    role = Role(
        queue=keys.SENTIMENT,
        task=keys.TONE_TASK,
        decode=wire.read_tone_job,
        prepare=passages_of(model.preprocessor),
        draft=drafts_of(classifier_for(settings.model_folder, read_prior(settings.tone_prior))),
    )
    options = consumer_options(settings, model, ToneLinger(queue.answers_waiting))
    return BatchConsumer(context, role, queue, model.engine, options)


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

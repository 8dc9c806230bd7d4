"""Composition root of the sentiment worker."""

from celery import Celery

from shared import keys
from shared.settings import load
from workers.consumer.bootstep import is_revoked
from workers.consumer.consumer import BatchConsumer
from workers.consumer.jobs import ToneJob
from workers.consumer.linger import ToneLinger
from workers.consumer.prepare import DropPolicy
from workers.consumer.redis_queue import RedisSentimentQueue
from workers.consumer.tone_steps import ToneCompleter, TonePreparer
from workers.context import build_consumer, build_context, queue_limits
from workers.settings import WorkerSettings
from workers.tone.choice import classifier_for


def compose_sentiment(app: Celery, hostname: str) -> BatchConsumer[ToneJob]:
    """Build the sentiment worker's drain, warm and ready to start."""
    settings = load(WorkerSettings)
    base = build_context(settings, "tone", app, hostname)
    queue = RedisSentimentQueue(
        settings.redis_address, base.worker_id, base.clock, queue_limits(settings)
    )
    judge = DropPolicy(is_revoked, base.clock)
    classifier = classifier_for(settings.model_folder)
    shared_parts = (base.events, base.counters, base.retry_policy)
    preparer = TonePreparer(queue, base.preprocessor, judge, *shared_parts)
    completer = ToneCompleter(queue, classifier.classify, *shared_parts, base.clock)
    pace = ToneLinger(queue.answers_waiting)
    return build_consumer(base, keys.SENTIMENT, queue, preparer, completer, pace)

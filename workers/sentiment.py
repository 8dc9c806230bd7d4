"""Composition root of the sentiment worker."""

from celery import Celery

from shared import keys
from shared.settings import load
from workers.assembly import assemble, lay_foundation, queue_limits
from workers.drain.drain import Drain
from workers.drain.pace import TonePace
from workers.drain.prepare import Judge
from workers.drain.redis_queue import RedisSentimentQueue
from workers.drain.step import is_revoked
from workers.drain.tone_steps import ToneCompleter, TonePreparer
from workers.drain.work import ToneJob
from workers.settings import WorkerSettings
from workers.tone.choice import classifier_for


def compose_sentiment(app: Celery, hostname: str) -> Drain[ToneJob]:
    """Build the sentiment worker's drain, warm and ready to start."""
    settings = load(WorkerSettings)
    base = lay_foundation(settings, "tone", app, hostname)
    queue = RedisSentimentQueue(
        settings.redis_address, base.worker_id, base.clock, queue_limits(settings)
    )
    judge = Judge(is_revoked, base.clock)
    classifier = classifier_for(settings.model_folder)
    shared_parts = (base.events, base.counters, base.persister)
    preparer = TonePreparer(queue, base.preprocessor, judge, *shared_parts)
    completer = ToneCompleter(queue, classifier.classify, *shared_parts, base.clock)
    pace = TonePace(queue.answers_waiting)
    return assemble(base, keys.SENTIMENT, queue, preparer, completer, pace)

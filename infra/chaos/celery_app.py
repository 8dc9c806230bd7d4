"""Parley's Celery application with the campaign's builders; only for the campaign's processes.

`celery -A infra.chaos.celery_app worker -Q inference`
"""

from shared import keys
from workers.celery_app import app as app

app.conf.parley_consumers = {
    keys.INFERENCE: "infra.chaos.worker:build_inference_consumer",
    keys.SENTIMENT: "infra.chaos.worker:build_sentiment_consumer",
}

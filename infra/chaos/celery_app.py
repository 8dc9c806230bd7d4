"""Parley's Celery application with the campaign's own consumers, for its worker processes alone.

`celery -A infra.chaos.celery_app worker -Q inference`
"""

from workers.celery_app import app as app

app.conf.parley_consumers = {
    **app.conf.parley_consumers,
    "inference": "infra.chaos.worker:build_faulty_inference_consumer",
    "inference-large": "infra.chaos.worker:build_faulty_large_consumer",
    "sentiment": "infra.chaos.worker:build_faulty_sentiment_consumer",
}

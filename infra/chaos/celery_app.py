"""Parley's Celery application with the campaign's drain; only for the campaign's worker processes.

`celery -A infra.chaos.celery_app worker -Q inference`
"""

from workers.celery_app import app as app

app.steps["consumer"].discard("workers.consumer.bootstep:BatchConsumerStep")
app.steps["consumer"].add("infra.chaos.worker:ChaosStep")

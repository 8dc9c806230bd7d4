"""The Celery application: `celery -A workers.celery_app worker -Q inference` (or sentiment).

The tasks are registered so that Celery's tools and clients know their names; the batch consumer
(workers/consumer) answers them, so their bodies never run in a worker.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from kombu import Queue

from shared import keys
from shared.settings import CommonSettings, load
from workers.celery_environment import ParleyCelery
from workers.celery_link import celery_link
from workers.celery_start import connect_logging, ending_with_a_sentence
from workers.flower_access import connect_flower_access

# By queue, the function that builds its consumer: a role is named here and nowhere else.
CONSUMERS = {
    keys.INFERENCE: "workers.inference:build_inference_consumer",
    keys.INFERENCE_LARGE: "workers.inference:build_large_consumer",
    keys.GENERATION: "workers.generation:build_generation_consumer",
    keys.SENTIMENT: "workers.sentiment:build_sentiment_consumer",
}


def _configuration() -> dict[str, Any]:
    """Read the environment; Celery calls this when it first needs its configuration."""
    with ending_with_a_sentence():
        settings = load(CommonSettings)
        link = celery_link(settings.redis_address)
    return {
        **link,
        "result_expires": settings.result_ttl_seconds,
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "task_queues": [Queue(queue) for queue in keys.NEEDED_QUEUES],
        "task_routes": {
            keys.INFER_TASK: {"queue": keys.INFERENCE},
            keys.EMBED_TASK: {"queue": keys.INFERENCE},
            keys.TONE_TASK: {"queue": keys.SENTIMENT},
        },
        "worker_pool": "solo",
        "worker_send_task_events": True,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # No task of Celery's own ever runs here, so none is cut off; unset, Celery warns.
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "parley_consumers": CONSUMERS,
        "worker_consumer": "workers.consumer.celery_consumer:PatientConsumer",
    }


# Not for other applications of this process, and what they are called with is not checked here:
# in a chain they get the result of the step before as well.
_NAMES_ONLY = {"shared": False, "typing": False}

app = ParleyCelery("parley", loader="workers.celery_environment:OwnLoader", set_as_current=False)
app.add_defaults(_configuration)
app.steps["consumer"].add("workers.consumer.bootstep:BatchConsumerStep")
connect_logging()
connect_flower_access()


@app.task(name=keys.INFER_TASK, **_NAMES_ONLY)  # type: ignore[untyped-decorator]
def infer(request: Mapping[str, Any]) -> NoReturn:
    """Answer a chat message: {"message", "conversation_id"?, "user_id"?} → the reply."""
    raise NotImplementedError("answered in batches by a worker of the inference queue")


@app.task(name=keys.EMBED_TASK, **_NAMES_ONLY)  # type: ignore[untyped-decorator]
def embed(request: Mapping[str, Any]) -> NoReturn:
    """Return the vectors of texts: {"texts"} → {"vectors", "dimension", "tokens"}."""
    raise NotImplementedError("answered in batches by a worker of the inference queue")


@app.task(name=keys.TONE_TASK, ignore_result=True, **_NAMES_ONLY)  # type: ignore[untyped-decorator]
def tone(request: Mapping[str, Any]) -> NoReturn:
    """Judge the tone of a chat message."""
    raise NotImplementedError("judged in batches by a worker of the sentiment queue")

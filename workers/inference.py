"""The inference role, and the composition root of its worker."""

from celery import Celery

from shared import keys, wire
from shared.jobs import ChatJob
from shared.settings import load
from workers.answering import build_answering, load_answer_model
from workers.bootstrap import MakeEngine, build_context, consumer_options, queue_policy
from workers.consumer.consumer import BatchConsumer
from workers.consumer.redis_inference_queue import ChatResult, RedisInferenceQueue
from workers.consumer.role import Role
from workers.engines.select import select_engine
from workers.settings import WorkerSettings


def build_inference_consumer(
    app: Celery,
    hostname: str,
    *,
    make_engine: MakeEngine = select_engine,
    queue_class: type[RedisInferenceQueue] = RedisInferenceQueue,
) -> BatchConsumer[ChatJob, ChatResult]:
    """Build the inference worker's consumer, warm and ready to start. Raises ParleyError."""
    settings = load(WorkerSettings)
    context = build_context(settings, app, hostname)
    model = load_answer_model(settings, make_engine)
    answering = build_answering(settings, model, context.clock)
    queue = queue_class(settings.redis_address, context, queue_policy(settings))
    role = Role(
        queue=keys.INFERENCE,
        task=keys.INFER_TASK,
        decode=wire.read_chat_job,
        prepare=answering.prepare,
        draft=answering.replies.draft,
        tones=queue,
    )
    return BatchConsumer(context, role, queue, model.engine, consumer_options(settings, model))

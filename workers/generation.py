"""The role that puts answers into a language model's words, and its worker's composition root."""

from collections.abc import Callable
from typing import cast

import redis
from celery import Celery

from shared import keys
from shared.clock import Clock
from shared.errors import SettingsError
from shared.settings import load
from workers.bootstrap import (
    MakeEngine,
    TextModel,
    build_context,
    load_model,
    open_partitions,
    queue_over,
    queue_policy,
)
from workers.consumer.batching import BatchBuffer, BatchLimits
from workers.consumer.chat_result import ChatResult
from workers.consumer.consumer import BatchConsumer
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import LeaseQueue, QueuePolicy
from workers.consumer.linger import NoLinger
from workers.consumer.options import ConsumerOptions
from workers.consumer.partitioned_roles import PartitionedGenerationQueue
from workers.consumer.redis_generation_queue import RedisGenerationQueue
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.role import Role
from workers.consumer.work import Work
from workers.engines.select import select_engine
from workers.reading.languages import load_soon
from workers.settings import WorkerSettings
from workers.speaking.checks import checks_over
from workers.speaking.loop import SpeakingLoop
from workers.speaking.meter import VoiceMeter
from workers.speaking.rehearsals import Rehearsals
from workers.speaking.speaking import Speaking
from workers.speaking.voiced_job import EndDrafter, VoicedJob, is_unreadable, read_voiced_job
from workers.speaking.worth import Worth
from workers.voice.language_model import LanguageModel
from workers.voice.openai_model import OpenAiModel, open_model
from workers.voice.speaker import Speaker

_WAITING = 2  # replies taken for each that the model may write: they end in time all the same

GenerationQueue = RedisGenerationQueue | PartitionedGenerationQueue


def build_generation_consumer(
    app: Celery, hostname: str, *, make_engine: MakeEngine = select_engine
) -> BatchConsumer[VoicedJob, ChatResult]:
    """Build the generation worker's consumer, warm and ready to start. Raises ParleyError."""
    settings = load(WorkerSettings)
    if not settings.has_voice:
        raise SettingsError("PARLEY_LLM_URL is not set: there is no model to put words with")
    context = build_context(settings, app, hostname, keys.GENERATION, "none")
    clock = context.clock
    model = open_model(settings, clock)
    # The small encoder, whatever answers: it only holds sentences against each other.
    text_model = load_model(settings, settings.model_folder, "answer", make_engine)
    worth = Worth(clock)
    meter = VoiceMeter(context, model, worth, clock)
    queue = _queue(settings, context)
    speaker = _speaker(settings, model, text_model, clock)
    target_seconds = settings.voice_target_seconds
    speaking = Speaking(model, speaker, queue, meter, worth, target_seconds, clock)
    name = settings.llm_model or "llm"

    def make_work(
        buffer: BatchBuffer[VoicedJob], put: Callable[[BatchResult[VoicedJob]], None]
    ) -> Work:
        most = _WAITING * settings.llm_max_places
        return SpeakingLoop(context, buffer, put, speaking.speak, most, meter.per_second, name)

    options = ConsumerOptions(
        BatchLimits(1, 1),
        NoLinger(),
        meter.gauges,
        beside=BesideReplies(model, Rehearsals(worth, speaking.rehearse)),
        make_work=make_work,
        engine_name=name,
    )
    # A VoicedJob is a ChatJob, and the queue asks no more of it.
    jobs = cast("LeaseQueue[VoicedJob, ChatResult]", queue)
    return BatchConsumer(context, _role(speaking, clock), jobs, text_model.engine, options)


def _role(speaking: Speaking, clock: Clock) -> Role[VoicedJob, ChatResult]:
    return Role(
        queue=keys.GENERATION,
        task=keys.INFER_TASK,
        decode=read_voiced_job,
        prepare=speaking.prepare,
        draft=EndDrafter(clock).draft,
        outlasts_faults=True,
        is_for_others=is_unreadable,
    )


class BesideReplies:
    """Rehearse as long as the worker runs, and close the connections to the model with it."""

    def __init__(self, model: OpenAiModel, rehearsals: Rehearsals) -> None:
        self._model = model
        self._rehearsals = rehearsals

    def start(self) -> None:
        """Begin; the first reply opens a connection."""
        load_soon()  # the first reply in another language would wait for it
        self._rehearsals.start()

    def stop(self) -> None:
        """End, and close them."""
        self._rehearsals.stop()
        self._model.close()


def _speaker(
    settings: WorkerSettings, model: LanguageModel, text_model: TextModel, clock: Clock
) -> Speaker:
    return Speaker(
        model,
        checks_over(text_model, settings.model_folder),
        clock,
        style=settings.voice_style,
        max_tokens=settings.voice_max_tokens,
    )


def _queue(settings: WorkerSettings, context: WorkerContext) -> GenerationQueue:
    partitions = open_partitions(settings)

    def build(
        client: "redis.Redis", policy: QueuePolicy, retry: RetryPolicy | None
    ) -> RedisGenerationQueue:
        return RedisGenerationQueue(client, context, policy, retry=retry)

    policy = queue_policy(settings)
    return queue_over(
        partitions, keys.GENERATION, context, policy, build, PartitionedGenerationQueue
    )

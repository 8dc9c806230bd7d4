"""The role that puts answers into a language model's words, and its worker's composition root."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import redis
from celery import Celery
from numpy.typing import NDArray

from shared import keys
from shared.clock import Clock
from shared.errors import QueueUnavailable, SettingsError
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
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob, Lease, LeaseQueue, QueuePolicy
from workers.consumer.linger import NoLinger
from workers.consumer.options import ConsumerOptions
from workers.consumer.partitioned_roles import PartitionedGenerationQueue
from workers.consumer.redis_generation_queue import RedisGenerationQueue
from workers.consumer.redis_inference_queue import voice_due_at
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.role import Role
from workers.consumer.work import Work
from workers.engines.select import select_engine
from workers.knowledge.encoder import EngineEncoder, encode
from workers.preprocessing.preprocessor import Prepared
from workers.settings import WorkerSettings
from workers.speaking.loop import SpeakingLoop
from workers.speaking.meter import VoiceMeter
from workers.speaking.voiced_job import EndDrafter, VoicedJob, is_unreadable, read_voiced_job
from workers.voice.brief import Spoken
from workers.voice.guard import Guard
from workers.voice.language_model import LanguageModel
from workers.voice.openai_model import OpenAiModel, open_model
from workers.voice.speaker import Speaker

_TO_BE_SPOKEN = (0,)  # what has an id goes to the model; what has none goes out as it is
_WAITING = 2  # replies taken for each that the model may write: they end in time all the same
_log = logging.getLogger(__name__)

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
    meter = VoiceMeter(context, model, clock)
    queue = _queue(settings, context)
    speaking = Speaking(_speaker(settings, model, text_model, clock), queue, meter, settings, clock)
    name = settings.llm_model or "llm"

    def make_work(
        buffer: BatchBuffer[VoicedJob], put: Callable[[BatchResult[VoicedJob]], None]
    ) -> Work:
        most = _WAITING * settings.llm_max_places
        return SpeakingLoop(context, buffer, put, speaking.speak, most, meter.per_second, name)

    role: Role[VoicedJob, ChatResult] = Role(
        queue=keys.GENERATION,
        task=keys.INFER_TASK,
        decode=read_voiced_job,
        prepare=speaking.prepare,
        draft=EndDrafter(clock).draft,
        outlasts_faults=True,
        is_for_others=is_unreadable,
    )
    options = ConsumerOptions(
        BatchLimits(1, 1),
        NoLinger(),
        meter.gauges,
        beside=ModelConnections(model),
        make_work=make_work,
        engine_name=name,
    )
    # A VoicedJob is a ChatJob, and the queue asks no more of it.
    jobs = cast("LeaseQueue[VoicedJob, ChatResult]", queue)
    return BatchConsumer(context, role, jobs, text_model.engine, options)


class ModelConnections:
    """Close the connections to the model with the worker."""

    def __init__(self, model: OpenAiModel) -> None:
        self._model = model

    def start(self) -> None:
        """Do nothing: the first reply opens one."""

    def stop(self) -> None:
        """Close them."""
        self._model.close()


class Speaking:
    """What a generation worker does with one job."""

    def __init__(
        self,
        speaker: Speaker,
        queue: GenerationQueue,
        meter: VoiceMeter,
        settings: WorkerSettings,
        clock: Clock,
    ) -> None:
        self._speaker, self._queue, self._meter = speaker, queue, meter
        self._target_seconds, self._clock = settings.voice_target_seconds, clock

    def prepare(self, claimed: Sequence[ClaimedJob[VoicedJob]]) -> list[tuple[Prepared, ...]]:
        """Return one passage a job, with an id if there is time to ask the model."""
        return [
            (Prepared(each.job.message, self._mark(each), truncated=False),) for each in claimed
        ]

    def _mark(self, each: ClaimedJob[VoicedJob]) -> tuple[int, ...]:
        in_time = self._clock.now() < voice_due_at(each.job, self._target_seconds)
        # What was shown already is ended in the entries' own words.
        return _TO_BE_SPOKEN if in_time and not each.claim.shown else ()

    def speak(self, prepared: PreparedJob[VoicedJob]) -> Spoken:
        """Return the whole reply; each sentence is shown as it comes."""
        job, left = prepared.job, prepared.job.left
        assert left  # noqa: S101 - what cannot be read was given back
        due_in = voice_due_at(job, self._target_seconds) - self._clock.now()

        def show(known: str, text: str) -> bool:
            verdict = self._queue.show(prepared.lease, job.id, job.conversation_id, known, text)
            return verdict == "shown"

        spoken = self._speaker.speak(left.brief, self._clock.monotonic() + due_in, show)
        self._meter.record(job, spoken)
        self._use(prepared.lease, job.tenant, spoken.usage.tokens)
        return spoken

    def _use(self, lease: Lease, tenant: str, tokens: int) -> None:
        try:
            self._queue.use_tokens(lease, tenant, tokens)
        except QueueUnavailable as fault:
            _log.warning("%d tokens of %s are not counted: %s", tokens, tenant, fault)


def _speaker(
    settings: WorkerSettings, model: LanguageModel, text_model: TextModel, clock: Clock
) -> Speaker:
    encoder = EngineEncoder(text_model.engine, text_model.preprocessor, "")
    one_at_a_time = threading.Lock()

    def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
        with one_at_a_time:
            return encode(encoder, texts)

    return Speaker(
        model,
        Guard(vectors).over,
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

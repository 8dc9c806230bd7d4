"""The way of a message to a generation worker, step by step."""

from dataclasses import replace

from gateway.queue.publisher import EnqueueLimits
from shared import keys
from shared.jobs import ChatJob
from shared.wire import read_chat_job
from tests.contract.broker import NOW, Broker, done, start
from workers.consumer.chat_result import ChatResult
from workers.consumer.lease_queue import Completion, HandOverVerdict, Lease, LeasedJob
from workers.consumer.redis_generation_queue import RedisGenerationQueue
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.speaking.voiced_job import read_voiced_job
from workers.voice.brief import Brief, Source

BRIEF = Brief("answer", "text", (Source("entry", "Question?", "Answer."),), "Answer.")
GENERATION = keys.GENERATION
LIMITS = EnqueueLimits(messages=100, job_ttl_seconds=600, lane_ttl_seconds=600)


def briefed(lease: Lease, each: ChatJob, brief: Brief = BRIEF) -> Completion[ChatJob, ChatResult]:
    end = done(lease, each)
    assert end.result
    return replace(end, result=replace(end.result, brief=brief))


def offer(worker: RedisInferenceQueue, lease: Lease, each: ChatJob) -> HandOverVerdict | None:
    return worker.offer_words([briefed(lease, each)])[0]


def hand_over(broker: Broker, *jobs: ChatJob) -> None:
    worker = broker.inference("w")
    leases = start(broker, worker, *jobs)
    for lease, each in zip(leases, jobs, strict=True):
        assert offer(worker, lease, each) == "handed"


def take(worker: RedisGenerationQueue) -> tuple[Lease, ChatJob]:
    (lease,) = worker.lease(1)
    seen = read_voiced_job(lease.raw, NOW)
    (claimed,) = worker.claim([LeasedJob(lease, seen)])
    assert claimed.verdict == "run"
    return lease, seen


def show(worker: RedisGenerationQueue, lease: Lease, each: ChatJob, known: str, text: str) -> str:
    return worker.show(lease, each.id, each.conversation_id, known, text)


def shown(broker: Broker, job_id: str) -> str:
    text: bytes | None = broker.client.get(keys.reply_text(job_id))  # type: ignore[assignment]
    return (text or b"").decode()


def names(messages: list[bytes]) -> list[str]:
    return [read_chat_job(raw, NOW).id for raw in messages]

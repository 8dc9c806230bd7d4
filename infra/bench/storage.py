"""What the queue costs in Redis: memory of waiting and stored messages, and the price of syncing.

    python -m infra.bench.storage [MESSAGES]

Fills scratch servers through the gateway's and the worker's own scripts: no HTTP and no model.
"""

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from gateway.queue.publisher import EnqueueLimits, EnqueueRequest, RedisPublisher
from infra.harness.scratch_redis import ScratchRedis
from shared import wire
from shared.clock import SystemClock
from shared.connection import connect
from shared.counts import Facts
from shared.jobs import Alternative, Answer, ChatJob, Reply, Timings, Tone
from workers.consumer.chat_result import ChatResult
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import Completion, Lease, QueuePolicy
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.consumer.redis_sentiment_queue import RedisSentimentQueue
from workers.dialogue.state import Asked, Dialogue, encode_dialogue

ASKED = "Where is my parcel? It should have been here two days ago."
_REPLIED = "I am sorry that it is late. You can follow your parcel under **My orders**. " * 4
TOGETHER = 64
_SYNC_ROUNDS = 5
_SYNC_MESSAGES = 8_192
_DIALOGUE = encode_dialogue(
    Dialogue("litert-int8", (Asked(_REPLIED[:60], bytes(384), "answer", "parcel-late"),))
)
FACTS = Facts("bert", "small", "answer", "parcel-late", 0.93, "negative", 0.1, False, None, 36.6)
_TONE = Tone("negative", 0.91, {"anger": 0.4, "worry": 0.3})


def main(messages: int) -> None:
    """Measure both and print them as JSON."""
    with scratch_server("everysec") as url:
        kilobytes = measure_memory(url, messages)
    rates: dict[str, list[float]] = {"everysec": [], "always": [], "no": []}
    for _ in range(_SYNC_ROUNDS):  # interleaved: noise of another program affects all of them
        for policy, found in rates.items():
            with scratch_server(policy) as url:
                found.append(round(_SYNC_MESSAGES / seconds_to_consume(url, _SYNC_MESSAGES)))
    report = {
        "kilobytes_a_message": kilobytes,
        "messages_per_second": rates,
        "redis_microseconds_to_complete": compare_counting(),
    }
    print(json.dumps(report, indent=2))


def compare_counting() -> dict[str, list[float]]:
    """Return what Redis computes to lease and complete a message, counted and not, by round."""
    found: dict[str, list[float]] = {"counted": [], "not counted": []}
    for _ in range(_SYNC_ROUNDS):
        for name, facts in (("counted", FACTS), ("not counted", None)):
            with scratch_server("everysec") as url, redis.Redis.from_url(url) as client:
                _publish(url, _SYNC_MESSAGES)
                before = _cpu_seconds(client)
                _consume(url, facts)
                seconds = _cpu_seconds(client) - before
                found[name].append(round(1e6 * seconds / _SYNC_MESSAGES, 1))
    return found


@contextmanager
def scratch_server(sync: str) -> Iterator[str]:
    """Run an empty server that syncs its file by this policy; yield its address."""
    with (
        tempfile.TemporaryDirectory(prefix="parley-storage-") as folder,
        ScratchRedis(Path(folder), append_only=True, options={"appendfsync": sync}) as server,
    ):
        yield server.url


def measure_memory(url: str, messages: int) -> dict[str, float]:
    """Let messages wait, then answer them; return the kilobytes that one of each takes."""
    with redis.Redis.from_url(url) as client:
        empty = _used_bytes(client)
        _publish(url, messages)
        waiting = _used_bytes(client) - empty
        _consume(url)
        stored = _used_bytes(client) - empty
    return {
        "waiting": round(waiting / messages / 1e3, 2),
        "answered": round(stored / messages / 1e3, 2),
    }


def seconds_to_consume(url: str, messages: int) -> float:
    """Return the seconds it takes to publish and answer messages, one batch after another."""
    began = time.monotonic()
    _publish(url, messages)
    _consume(url)
    return time.monotonic() - began


def _used_bytes(client: "redis.Redis") -> int:
    return int(client.info("memory")["used_memory"])


def _cpu_seconds(client: "redis.Redis") -> float:
    used = client.info("cpu")
    return float(used["used_cpu_user"] + used["used_cpu_sys"])


def _publish(url: str, messages: int) -> None:
    clock = SystemClock()
    limits = EnqueueLimits(messages=10**9, job_ttl_seconds=3_600, lane_ttl_seconds=120)
    publisher = RedisPublisher(connect(url, timeout_seconds=30), limits)
    settled = threading.Semaphore(0)
    for start in range(0, messages, TOGETHER):
        together = min(TOGETHER, messages - start)
        for _ in range(together):
            job_id, now = wire.new_job_id(), clock.now()
            job = ChatJob(job_id, ASKED, job_id, now, expires_at=now + 3_600, gateway="gateway-1")
            publisher.post(EnqueueRequest.of(job), lambda _outcome: settled.release())
        for _ in range(together):
            settled.acquire()


def _consume(url: str, facts: Facts | None = FACTS) -> None:
    clock = SystemClock()
    context = WorkerContext("worker-1", clock=clock)
    inference = RedisInferenceQueue(connect(url), context, QueuePolicy())
    sentiment = RedisSentimentQueue(connect(url), context, QueuePolicy(tone_ttl_seconds=1))
    while leases := inference.lease(TOGETHER):
        inference.complete([answer_of(lease, clock.now(), facts) for lease in leases])
    while leases := sentiment.lease(TOGETHER):
        now = clock.now()
        sentiment.complete(
            [Completion(lease=lease, job=None, task_id=None, done_at=now) for lease in leases]
        )


def answer_of(lease: Lease, now: float, facts: Facts | None) -> Completion[ChatJob, ChatResult]:
    """Return what a worker stores of a message: a reply of usual size."""
    job = wire.read_chat_job(lease.raw, now)
    alternatives = tuple(Alternative(f"entry-{n}", "What else may be meant?", 0.1) for n in "123")
    answer = Answer("answer", "parcel-late", 0.93, alternatives, 0.1)
    timings = Timings(12.5, 0.8, 20.2, 3.1, 36.6)
    reply = Reply(_REPLIED, job.id, job.conversation_id, _TONE, answer, timings, "litert-int8")
    result = ChatResult(reply, _DIALOGUE, facts=facts)
    return Completion(lease=lease, job=job, task_id=job.id, done_at=now, result=result)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)

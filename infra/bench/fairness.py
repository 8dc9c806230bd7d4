"""What a tenant waits while another floods the queue: the real queue, an engine that only sleeps.

    python -m infra.bench.fairness [SECONDS]

One tenant asks ten times a second. Meanwhile nobody else asks; or another tenant keeps thousands of
messages waiting; or the same tenant does, which is what one queue without turns would do to all.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from gateway.queue.job_store import RedisJobStore
from gateway.queue.pending_replies import PendingReplies
from gateway.queue.publisher import (
    EnqueueLimits,
    EnqueueOutcome,
    EnqueueRequest,
    Queued,
    RedisPublisher,
)
from gateway.queue.reply_feed import RedisReplyFeed
from gateway.queue.watches import StreamPlaces, Watches
from infra.bench.queue_ends import build_consumer
from infra.harness.scratch_redis import ScratchRedis
from shared import tenants, wire
from shared.connection import connect
from shared.errors import BenchError
from shared.jobs import ChatJob
from shared.results import JobRecord
from workers.consumer.context import WorkerContext
from workers.engines.simulated import SimulatedEngine

_ASKER, _FLOODER, _GATEWAY = "acme", "beta", "fairness"
_BACKLOG, _AT_ONCE, _BATCH, _PAUSE_SECONDS = 2_000, 256, 8, 0.1
_LIMITS = EnqueueLimits(messages=100_000, job_ttl_seconds=600, lane_ttl_seconds=600)


def measure(seconds: float, flooder: str | None) -> list[float]:
    """Return the times to the reply, in ascending order."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ScratchRedis(Path(folder)) as redis,
        _worker(redis.url),
        _flood(redis.url, flooder),
    ):
        time.sleep(2.0)
        return sorted(_ask(redis.url, seconds))


def _ask(url: str, seconds: float) -> Iterator[float]:
    client, pending = connect(url), PendingReplies()
    feed = RedisReplyFeed(
        client, _GATEWAY, pending, RedisJobStore(client).finished, Watches(StreamPlaces(1))
    )
    feed.start()
    feed.wait_until_live(5)
    publisher, deadline = RedisPublisher(client, _LIMITS), time.monotonic() + seconds
    while time.monotonic() < deadline:
        job, began_at = _job(_ASKER, _GATEWAY), time.monotonic()
        with pending.register(job.id) as reply:
            publisher.post(EnqueueRequest.of(job), reply.acknowledge)
            ended = reply.wait(60)
        if not isinstance(ended, JobRecord) or ended.state != "done":
            raise BenchError(f"a message ended as {ended}")
        yield time.monotonic() - began_at
        time.sleep(_PAUSE_SECONDS)
    feed.stop()


@contextmanager
def _worker(url: str) -> Iterator[None]:
    engine = SimulatedEngine()
    engine.warm()
    consumer = build_consumer(url, WorkerContext("fairness"), engine, _BATCH)
    consumer.start()
    yield
    consumer.stop()


@contextmanager
def _flood(url: str, tenant: str | None) -> Iterator[None]:
    over = threading.Event()
    thread = threading.Thread(target=_keep_filled, args=(url, tenant, over), daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


def _keep_filled(url: str, tenant: str | None, over: threading.Event) -> None:
    publisher = RedisPublisher(connect(url), _LIMITS)
    waiting = 0
    while tenant and not over.is_set():
        if waiting < _BACKLOG:
            waiting = max(_post_together(publisher, tenant))
        else:
            over.wait(0.2)
            waiting = 0


def _post_together(publisher: RedisPublisher, tenant: str) -> list[int]:
    """Publish some messages at once; return how many waited then, as each was told."""
    told: SimpleQueue[EnqueueOutcome | Exception] = SimpleQueue()
    for _ in range(_AT_ONCE):
        publisher.post(EnqueueRequest.of(_job(tenant, None)), told.put)
    outcomes = [told.get() for _ in range(_AT_ONCE)]
    return [each.position if isinstance(each, Queued) else _BACKLOG for each in outcomes]


def _job(tenant: str, gateway: str | None) -> ChatJob:
    job_id, now = tenants.scope(tenant, wire.new_job_id()), time.time()
    return ChatJob(job_id, "Where is it?", job_id, now, expires_at=now + 600, gateway=gateway)


def main(seconds: float) -> None:
    """Print a row for each case."""
    cases = (("nobody else asks", None), ("another tenant", _FLOODER), ("the same tenant", _ASKER))
    for name, flooder in cases:
        times = measure(seconds, flooder)
        p50, p99 = (1e3 * times[int(share * (len(times) - 1))] for share in (0.5, 0.99))
        print(
            f"{name:<18} {len(times):>5} replies  p50 {p50:8.1f} ms  p99 {p99:8.1f} ms", flush=True
        )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)

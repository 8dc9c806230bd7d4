"""What a message costs a Redis Cluster: on each master, and for waiting until a replica has it.

    python -m infra.bench.cluster [MESSAGES]

Gateway's and workers' own scripts over one server, a cluster of one master and one of three, each
master with a replica: no HTTP and no engine. All runs on this machine, so processor time counts,
not messages a second.
"""

import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from gateway.caller import Caller
from gateway.partitioned.compose import connect_ports
from gateway.queue.adapters import QueueOptions
from gateway.queue.publisher import EnqueueLimits, EnqueueRequest
from infra.bench.storage import ASKED, FACTS, TOGETHER, answer_of
from infra.harness.scratch_cluster import ScratchCluster
from infra.harness.scratch_redis import ScratchRedis
from shared import keys
from shared.clock import SystemClock
from shared.jobs import ChatJob, Tone, ToneJob
from shared.partitions import connect_partitions
from shared.queue_lists import QueueLists
from shared.replica_acks import ReplicaAcks
from workers.bootstrap import queue_over
from workers.consumer.chat_result import ChatResult
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import Completion, LeaseQueue, QueuePolicy
from workers.consumer.partitioned_queue import (
    PartitionedInferenceQueue,
    PartitionedSentimentQueue,
)
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.consumer.redis_sentiment_queue import RedisSentimentQueue

_LIMITS = EnqueueLimits(messages=10**9, job_ttl_seconds=3_600, lane_ttl_seconds=120)
_ONE_BY_ONE = 400
_DURABLE = {"appendonly": "yes"}


@dataclass(frozen=True, slots=True)
class _Target:
    """A Redis under test: its address, and the addresses of its masters and replicas."""

    url: str
    masters: tuple[str, ...]
    replicas: tuple[str, ...] = ()


def main(messages: int) -> None:
    """Measure all three and print them as JSON."""
    report: dict[str, object] = {}
    for name, target in _targets().items():
        with target() as redis_under_test:
            report[name] = _measure(redis_under_test, messages)
    print(json.dumps(report, indent=2))


def _targets() -> dict[str, Callable[[], AbstractContextManager[_Target]]]:
    return {
        "one server": _one_server,
        "cluster, one master": lambda: _cluster(1),
        "cluster, three masters": lambda: _cluster(3),
    }


@contextmanager
def _one_server() -> Iterator[_Target]:
    with (
        tempfile.TemporaryDirectory(prefix="parley-cluster-") as folder,
        ScratchRedis(Path(folder), append_only=True) as server,
    ):
        yield _Target(server.url, (f"127.0.0.1:{server.port}",))


@contextmanager
def _cluster(masters: int) -> Iterator[_Target]:
    with (
        tempfile.TemporaryDirectory(prefix="parley-cluster-") as folder,
        ScratchCluster(Path(folder), masters=masters, options=_DURABLE) as cluster,
    ):
        addresses = [node.address for node in cluster.nodes]
        yield _Target(cluster.url, tuple(addresses[:masters]), tuple(addresses[masters:]))


def _measure(target: _Target, messages: int) -> dict[str, object]:
    nodes = (*target.masters, *target.replicas)
    before = {node: _cpu_seconds(node) for node in nodes}
    own, began = time.process_time(), time.monotonic()
    _publish(target.url, messages)
    published = time.process_time() - own
    _consume(target.url)
    clients, seconds = time.process_time() - own, time.monotonic() - began
    spent = {node: _cpu_seconds(node) - before[node] for node in nodes}
    found: dict[str, object] = {
        "messages_per_second_here": round(messages / seconds),
        "client_microseconds_a_message": round(1e6 * clients / messages),
        "of_them_gateway": round(1e6 * published / messages),
        "master_microseconds_a_message": [
            round(1e6 * spent[node] / messages, 1) for node in target.masters
        ],
        "replica_microseconds_a_message": [
            round(1e6 * spent[node] / messages, 1) for node in target.replicas
        ],
    }
    if target.replicas:
        found["milliseconds_to_enqueue_one"] = {
            f"{acks} replicas waited for": _enqueue_milliseconds(target.url, acks)
            for acks in (0, 1)
        }
    return found


def _options(acks: int = 0) -> QueueOptions:
    return QueueOptions(
        gateway_id="gateway-1",
        clock=SystemClock(),
        limits=_LIMITS,
        conversation_ttl_seconds=3_600,
        acks=ReplicaAcks(acks),
    )


def _publish(url: str, messages: int) -> None:
    ports = connect_ports(connect_partitions(url), QueueLists(), _options())
    settled = threading.Semaphore(0)
    for start in range(0, messages, TOGETHER):
        together = min(TOGETHER, messages - start)
        for _ in range(together):
            place = ports.placement.place(Caller(), None, None)
            ports.publisher.post(_request(place.job_id), lambda _outcome: settled.release())
        for _ in range(together):
            settled.acquire()


def _request(job_id: str) -> EnqueueRequest:
    now = time.time()
    return EnqueueRequest.of(
        ChatJob(job_id, ASKED, job_id, now, expires_at=now + 3_600, gateway="gateway-1")
    )


def _enqueue_milliseconds(url: str, acks: int) -> dict[str, float]:
    """Return how long it takes to queue one message after the other."""
    ports = connect_ports(connect_partitions(url), QueueLists(), _options(acks))
    taken = []
    for _ in range(_ONE_BY_ONE):
        place = ports.placement.place(Caller(), None, None)
        request, began = _request(place.job_id), time.perf_counter()
        ports.publisher.submit(request)
        taken.append(1e3 * (time.perf_counter() - began))
    percentiles = statistics.quantiles(taken, n=20)
    return {"p50": round(percentiles[9], 2), "p95": round(percentiles[18], 2)}


def _consume(url: str) -> None:
    clock, partitions = SystemClock(), connect_partitions(url)
    context = WorkerContext("worker-1", clock=clock)
    inference: LeaseQueue[ChatJob, ChatResult] = queue_over(
        partitions,
        keys.INFERENCE,
        context,
        QueuePolicy(),
        lambda client, policy, retry: RedisInferenceQueue(client, context, policy, retry=retry),
        PartitionedInferenceQueue,
    )
    sentiment: LeaseQueue[ToneJob, Tone] = queue_over(
        partitions,
        keys.SENTIMENT,
        context,
        QueuePolicy(tone_ttl_seconds=1),
        lambda client, policy, retry: RedisSentimentQueue(client, context, policy, retry),
        PartitionedSentimentQueue,
    )
    while leases := inference.lease(TOGETHER):
        inference.complete([answer_of(lease, clock.now(), FACTS) for lease in leases])
    while leases := sentiment.lease(TOGETHER):
        now = clock.now()
        sentiment.complete(
            [Completion(lease=lease, job=None, task_id=None, done_at=now) for lease in leases]
        )


def _cpu_seconds(address: str) -> float:
    host, port = address.split(":")
    with redis.Redis(host, int(port)) as client:
        used = client.info("cpu")
    return float(used["used_cpu_user"] + used["used_cpu_sys"])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8_192)

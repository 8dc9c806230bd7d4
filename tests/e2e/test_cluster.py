"""Gateway and workers over a real Redis Cluster: three masters, three replicas."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from celery import Celery
from redis.crc import key_slot

from infra.chaos.cluster_faults import ClusterFaults
from infra.harness.scratch_cluster import ScratchCluster
from infra.supervisor.probes import HeartbeatProbe
from shared import keys
from shared.errors import UnsuitableRedis
from shared.partition_names import STOCK_PREFIX
from shared.partitions import connect_partitions
from shared.redis_server import check_redis_at_start
from tests.e2e.gateway_process import Gateway
from tests.e2e.worker_process import WorkerProcess, wait_until_alive


@dataclass(frozen=True)
class Stand:
    """All parts, and the hand that breaks them."""

    cluster: ScratchCluster
    gateway: Gateway
    faults: ClusterFaults

    def ask(self, conversation: str) -> requests.Response:
        """Ask as a patient client: again, with the same key, while a part of Redis is away."""
        deadline = time.monotonic() + 20
        body = {"message": "Can I wrap a gift?", "conversation_id": conversation}
        key = {"Idempotency-Key": f"{conversation} {deadline}"}
        while True:
            answer = requests.post(f"{self.gateway.url}/chat", json=body, headers=key, timeout=40)
            if answer.status_code != 503 or time.monotonic() > deadline:
                return answer
            time.sleep(0.2)

    def ask_in_each_partition(self, name: str) -> None:
        for number in range(12):
            answer = self.ask(f"{name}-{number}")
            assert answer.status_code == 200, answer.text
            url = f"{self.gateway.url}/conversations/{name}-{number}"
            kept = requests.get(url, timeout=10)
            assert kept.status_code == 200, kept.text
            assert len(kept.json()["turns"]) == 2


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as parts:
        cluster = parts.enter_context(ScratchCluster(folder / "nodes"))
        workers = [
            parts.enter_context(WorkerProcess(cluster.url, queue, folder, model_dir))
            for queue in keys.NEEDED_QUEUES
        ]
        gateway = parts.enter_context(Gateway(cluster.url, folder))
        wait_until_alive(*workers)
        prefixes = connect_partitions(cluster.url).prefixes
        yield Stand(cluster, gateway, ClusterFaults(cluster, prefixes, random.Random(1)))


def test_messages_are_answered_before_and_after_a_slot_moves_and_a_master_dies(
    stand: Stand,
) -> None:
    stand.ask_in_each_partition("before")
    assert requests.get(f"{stand.gateway.url}/readyz", timeout=10).status_code == 200
    stand.faults.inject("move slot at once")
    stand.faults.inject("move slot key by key")
    stand.ask_in_each_partition("moved")
    stand.faults.inject("kill master")
    stand.ask_in_each_partition("failed over")


def test_a_stock_celery_client_sets_a_prefix(stand: Stand) -> None:
    node = stand.cluster.owner_of(key_slot(STOCK_PREFIX.encode()))
    prefix = {"global_keyprefix": STOCK_PREFIX}
    url = f"redis://{node.address}/0"
    with Celery("shop", broker=url, backend=url, set_as_current=False) as app:
        app.conf.broker_transport_options = app.conf.result_backend_transport_options = prefix
        request = {"message": "Can I wrap a gift?", "conversation_id": "celery's"}
        sent = app.send_task("chat.infer", [request], queue=keys.INFERENCE)
        reply = sent.get(timeout=20)
        assert app.control.ping(timeout=1)
    job = requests.get(f"{stand.gateway.url}/jobs/{sent.id}", timeout=10).json()
    assert job["reply"] == reply


def test_a_node_is_refused_where_a_server_is_named_and_the_other_way_round(
    stand: Stand, redis_url: str
) -> None:
    node = stand.cluster.masters()[0]
    with pytest.raises(UnsuitableRedis, match=r"write redis\+cluster://host:port"):
        check_redis_at_start(f"redis://{node.address}/0")
    with pytest.raises(UnsuitableRedis, match="is no node of a cluster: write redis://host"):
        check_redis_at_start(redis_url.replace("redis://", "redis+cluster://"))
    with pytest.raises(UnsuitableRedis, match="This Redis has 16 partitions"):
        check_redis_at_start(stand.cluster.url, 4)
    assert not HeartbeatProbe(stand.cluster.url, "no such queue").is_ready(1)

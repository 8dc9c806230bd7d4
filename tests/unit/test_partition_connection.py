"""Connections to the node that owns a slot: what they learn of a node, and tell the others."""

import socket

import pytest
import redis

from shared.cluster_topology import ClusterTopology
from shared.partition_client import PartitionClient
from shared.partition_connection import view_of_cluster
from shared.redis_address import ClusterAddress, read_redis_address


def client_of(topology: ClusterTopology, address: ClusterAddress) -> PartitionClient:
    return view_of_cluster(address, topology, "{p02}", timeout_seconds=0.05, retries=3)


def test_a_node_that_lets_one_call_wait_lets_no_other_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:  # takes connections, never answers
        port = frozen.getsockname()[1]
        address = read_redis_address(f"redis+cluster://127.0.0.1:{port}")
        assert isinstance(address, ClusterAddress)
        slots = [[0, 16_383, [b"127.0.0.1", port, b"id"]]]
        topology = ClusterTopology(address, lambda _node: slots, pause_seconds=0.0)
        for _ in range(3):
            with (
                client_of(topology, address) as client,
                pytest.raises(redis.RedisError, match="does not answer"),
            ):
                client.get("x")
        frozen.settimeout(0.0)
        taken = 0
        while True:
            try:
                frozen.accept()[0].close()
            except BlockingIOError:
                break
            taken += 1
        assert taken == 1

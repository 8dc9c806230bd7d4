"""Connections to the node that owns a slot: what they learn of a node, and tell the others."""

import socket
from typing import Any, cast

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


def test_who_listens_to_a_node_leaves_it_once_it_lets_a_call_wait() -> None:
    address = read_redis_address("redis+cluster://127.0.0.1:1")
    assert isinstance(address, ClusterAddress)
    topology = ClusterTopology(address, lambda _node: [], pause_seconds=0.0)
    client = client_of(topology, address)
    connection = cast("Any", client.connection_pool.make_connection())
    connection.host, connection.port = "127.0.0.1", 1
    topology.silent(("127.0.0.1", 1))
    with pytest.raises(redis.ConnectionError, match="does not answer"):
        connection.can_read(timeout=0)
    with pytest.raises(redis.ConnectionError, match="does not answer"):
        connection.read_response(timeout=0.01)


def test_who_waits_for_news_in_vain_says_nothing_about_the_node() -> None:
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        node = ("127.0.0.1", quiet.getsockname()[1])
        address = read_redis_address(f"redis+cluster://127.0.0.1:{node[1]}")
        assert isinstance(address, ClusterAddress)
        topology = ClusterTopology(address, lambda _node: [], pause_seconds=60.0)
        connection = cast("Any", client_of(topology, address).connection_pool.make_connection())
        connection.host, connection.port = node
        ours, theirs = socket.socketpair()
        with ours, theirs:
            connection._sock = ours
            connection._parser.on_connect(connection)
            with pytest.raises(redis.TimeoutError):
                connection.read_response(timeout=0.001, disconnect_on_error=False)
            assert not topology.is_silent(node)
            ours.settimeout(0.001)
            with pytest.raises(redis.TimeoutError):
                connection.read_response(disconnect_on_error=False)
            assert topology.is_silent(node)

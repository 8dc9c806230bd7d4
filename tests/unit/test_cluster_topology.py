"""Which node owns a slot: asked, remembered, doubted."""

from collections.abc import Sequence
from typing import Any

import pytest
import redis

from shared.cluster_topology import ClusterTopology, Node
from shared.redis_address import ClusterAddress, read_redis_address

ONE, TWO, THREE = ("one", 1), ("two", 2), ("three", 3)


class Nodes:
    """Nodes that tell who owns which slots, or do not answer."""

    def __init__(self) -> None:
        self.slots: list[Any] = [
            [0, 99, [b"one", 1, b"id"], [b"two", 2, b"id"]],
            [100, 199, ["three", 3, "id"]],
        ]
        self.away: set[Node] = set()
        self.asked: list[Node] = []

    def ask(self, node: Node) -> Sequence[Any]:
        self.asked.append(node)
        if node in self.away:
            raise redis.ConnectionError("away")
        return self.slots


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


def topology(nodes: Nodes, url: str = "redis+cluster://one:1,two:2") -> ClusterTopology:
    address = read_redis_address(url)
    assert isinstance(address, ClusterAddress)
    return ClusterTopology(address, nodes.ask, pause_seconds=0.0)


def test_the_owner_is_asked_for_once(nodes: Nodes) -> None:
    found = topology(nodes)
    assert [found.owner(slot) for slot in (0, 99, 100, 199)] == [ONE, ONE, THREE, THREE]
    assert len(nodes.asked) == 1
    assert found.masters() == [ONE, THREE]


def test_a_slot_that_has_moved_is_known_without_asking(nodes: Nodes) -> None:
    found = topology(nodes)
    found.owner(5)
    found.moved(5, TWO)
    assert (found.owner(5), found.owner(6)) == (TWO, ONE)
    assert len(nodes.asked) == 1


def test_after_a_node_did_not_answer_the_others_are_asked(nodes: Nodes) -> None:
    found = topology(nodes)
    found.owner(5)
    nodes.away, nodes.asked = {ONE}, []
    found.unreachable(ONE)
    with pytest.raises(redis.ConnectionError, match="one:1 of the cluster cannot be reached"):
        found.owner(5)
    nodes.slots[0][2] = [b"two", 2, b"id"]  # its replica has taken over
    assert found.owner(5) == TWO
    assert ONE not in nodes.asked


def test_a_slot_that_nobody_serves_and_nodes_that_do_not_answer_are_outages(nodes: Nodes) -> None:
    found = topology(nodes)
    with pytest.raises(redis.ConnectionError, match="no node of the cluster serves slot 500"):
        found.owner(500)
    nodes.away = {ONE, TWO, THREE}
    with pytest.raises(redis.ConnectionError, match="no node of the cluster answers"):
        found.owner(500)


def test_a_node_that_does_not_know_its_own_name_is_the_one_that_was_asked(nodes: Nodes) -> None:
    nodes.slots = [[0, 99, [b"", 7, b"id"]]]
    assert topology(nodes, "redis+cluster://one:1").owner(5) == ("one", 7)

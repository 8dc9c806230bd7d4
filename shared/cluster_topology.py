"""Which node of a Redis Cluster owns a slot: asked from the nodes, remembered until it is wrong."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.errors import UnsuitableRedis
from shared.redis_address import ClusterAddress

Node = tuple[str, int]
_NO_CLUSTER = "{}:{} is no node of a cluster: write redis://host:port in PARLEY_REDIS_URL."
_ASK_SECONDS = 1.0
_MIN_SECONDS_BETWEEN = 0.1  # two questions: all partitions of a node that died ask at once
_AVOID_SECONDS = 0.25  # a node that could not be reached: others need not find out one by one


class ClusterTopology:
    """The owners of slots. Thread-safe; nothing is sent until the first question.

    `ask` returns a node's answer to CLUSTER SLOTS; not more often than `pause_seconds` allow.
    """

    def __init__(
        self,
        address: ClusterAddress,
        ask: Callable[[Node], Sequence[Any]] | None = None,
        pause_seconds: float = _MIN_SECONDS_BETWEEN,
    ) -> None:
        self._address = address
        self._ask = ask or self._ask_node
        self._pause_seconds = pause_seconds
        self._lock = threading.Lock()
        self._known: Sequence[Node] = address.nodes
        self._ranges: Sequence[tuple[int, int, Node]] = ()
        self._moved: dict[int, Node] = {}
        self._unreachable: dict[Node, float] = {}
        self._asked_at = float("-inf")
        self._doubted = True

    def owner(self, slot: int) -> Node:
        """Return the master of a slot; raise ConnectionError if none is known or was reached."""
        if self._doubted:
            self._ask_again()
        node = self._moved.get(slot) or self._listed(slot)
        if node is None:
            self._doubted = True
            raise redis.ConnectionError(f"no node of the cluster serves slot {slot}")
        if self._is_avoided(node):
            self._doubted = True
            raise redis.ConnectionError(f"{node[0]}:{node[1]} of the cluster cannot be reached")
        return node

    def moved(self, slot: int, node: Node) -> None:
        """Learn from a node which other one a slot belongs to."""
        self._moved[slot] = node

    def unreachable(self, node: Node) -> None:
        """Learn that a node did not answer."""
        self._unreachable[node] = time.monotonic()
        self._doubted = True

    def masters(self) -> list[Node]:
        """Return all nodes that own slots; raise ConnectionError if no node tells."""
        if self._doubted:
            self._ask_again()
        return list(dict.fromkeys(node for *_range, node in self._ranges))

    def _listed(self, slot: int) -> Node | None:
        return next((node for first, last, node in self._ranges if first <= slot <= last), None)

    def _is_avoided(self, node: Node) -> bool:
        failed_at = self._unreachable.get(node)
        return failed_at is not None and time.monotonic() - failed_at < _AVOID_SECONDS

    def _ask_again(self) -> None:
        with self._lock:
            if not self._doubted or time.monotonic() - self._asked_at < self._pause_seconds:
                return
            self._read(self._first_answer())
            self._asked_at = time.monotonic()

    def _read(self, answer: Sequence[Any]) -> None:
        asked, slots = answer
        self._ranges = [
            (first, last, _place(master, asked)) for first, last, master, *_replicas in slots
        ]
        others = [_place(node, asked) for _first, _last, *nodes in slots for node in nodes]
        self._known = tuple(dict.fromkeys((*others, *self._address.nodes)))
        self._moved.clear()
        self._doubted = False

    def _first_answer(self) -> tuple[Node, Sequence[Any]]:
        faults: list[str] = []
        for node in self._in_order():
            try:
                return node, self._ask(node)
            except redis.ResponseError as error:
                if "cluster support disabled" in str(error):
                    raise UnsuitableRedis(_NO_CLUSTER.format(*node)) from None
                faults.append(f"{node[0]}:{node[1]}: {error}")
            except (redis.RedisError, OSError) as error:
                self._unreachable[node] = time.monotonic()
                faults.append(f"{node[0]}:{node[1]}: {error}")
        raise redis.ConnectionError("no node of the cluster answers: " + "; ".join(faults))

    def _in_order(self) -> Iterable[Node]:
        """Yield the nodes, those last that did not answer a moment ago."""
        nodes = list(self._known)
        random.shuffle(nodes)
        return sorted(nodes, key=self._is_avoided)

    def _ask_node(self, node: Node) -> Sequence[Any]:
        place = self._address.node(*node)
        with redis.Redis(
            host=place.host,
            port=place.port,
            username=place.username,
            password=place.password,
            ssl=place.tls,
            socket_timeout=_ASK_SECONDS,
            socket_connect_timeout=_ASK_SECONDS,
            retry=Retry(NoBackoff(), 0),  # the next node is asked instead
            **cast("Any", place.options.tls),
        ) as client:
            client.response_callbacks.pop("CLUSTER SLOTS", None)
            return cast("Sequence[Any]", cast("Any", client).execute_command("CLUSTER", "SLOTS"))


def _place(node: Sequence[Any], asked: Node) -> Node:
    """Return where a node is; one that does not know its own name is the one that was asked."""
    host = node[0].decode() if isinstance(node[0], bytes) else node[0]
    return (asked[0] if host in (None, "", "?") else host, int(node[1]))

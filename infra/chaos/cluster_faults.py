"""Faults of a Redis Cluster: a master that dies, a slot that moves."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from redis.crc import key_slot

from infra.harness.scratch_cluster import ClusterNode, ScratchCluster
from shared.errors import BenchError

ClusterFaultKind = Literal["kill master", "move slot at once", "move slot key by key"]
KINDS: tuple[ClusterFaultKind, ...] = ("kill master", "move slot at once", "move slot key by key")
_BACK_SECONDS = 4.0  # a node that was killed starts again after this time, as a replica
_KEYS_A_STEP = 5
_STEP_SECONDS = 0.02
# All in one step: nobody sees a slot with some of its keys.
_MOVE = """
local slot, target, host, port = unpack(ARGV)
redis.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target)
local keys = redis.call('CLUSTER', 'GETKEYSINSLOT', slot, 100000)
for first = 1, #keys, 1000 do
  redis.call('MIGRATE', host, port, '', 0, 5000, 'KEYS',
    unpack(keys, first, math.min(first + 999, #keys)))
end
redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', target)
return #keys
"""


def kinds_named(words: str | None) -> tuple[ClusterFaultKind, ...]:
    """Return the kinds that a list separated by commas names, by their beginnings; None: all."""
    wanted = tuple(word.strip() for word in (words or "").split(",") if word.strip())
    chosen = tuple(kind for kind in KINDS if not wanted or kind.startswith(wanted))
    if not chosen:
        raise BenchError(
            f"--only takes beginnings of these, separated by commas: {', '.join(KINDS)}"
        )
    return chosen


@dataclass(frozen=True, slots=True)
class ClusterInjection:
    """A fault that was injected: when (Unix seconds), on what, and how long it took to be over.

    A killed master is over once every slot has a master again.
    """

    kind: ClusterFaultKind
    target: str
    at: float
    seconds: float


class ClusterFaults:
    """Injects faults into a cluster, one at a time."""

    def __init__(
        self, cluster: ScratchCluster, prefixes: Sequence[str], rng: random.Random
    ) -> None:
        self._cluster = cluster
        self._prefixes = prefixes
        self._rng = rng

    def inject(self, kind: ClusterFaultKind) -> ClusterInjection:
        """Inject a fault and wait until it is over."""
        inject: dict[ClusterFaultKind, Callable[[], str]] = {
            "kill master": self._kill_master,
            "move slot at once": lambda: self._move(at_once=True),
            "move slot key by key": lambda: self._move(at_once=False),
        }
        at, began = time.time(), time.monotonic()
        target = inject[kind]()
        return ClusterInjection(kind, target, at, time.monotonic() - began)

    def restart_dead(self) -> None:
        """Start nodes that were killed again, each as a replica of its successor."""
        for node in self._cluster.nodes:
            if not node.answers():
                node.start(self._cluster.options)
        self._wait(self._cluster.is_whole)

    def _kill_master(self) -> str:
        masters = self._cluster.masters()
        node = self._rng.choice(masters)
        node.end(crash=True)
        self._wait(lambda: len(self._cluster.masters()) == len(masters))
        return node.address

    def _move(self, *, at_once: bool) -> str:
        prefix = self._rng.choice(self._prefixes)
        slot = key_slot(prefix.encode())
        source = self._cluster.owner_of(slot)
        target = self._rng.choice([each for each in self._cluster.masters() if each is not source])
        target_id = target.call("CLUSTER", "MYID")
        target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", source.call("CLUSTER", "MYID"))
        if at_once:
            source.call("EVAL", _MOVE, 0, slot, target_id, "127.0.0.1", target.port)
        else:
            _move_key_by_key(slot, source, target, target_id)
        for node in (target, source):
            node.call("CLUSTER", "SETSLOT", slot, "NODE", target_id)
        return f"{prefix} from {source.address} to {target.address}"

    def _wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30.0
        while not condition():
            if time.monotonic() > deadline:
                raise BenchError("the cluster did not become whole again in time")
            time.sleep(0.05)


def _move_key_by_key(slot: int, source: ClusterNode, target: ClusterNode, target_id: str) -> None:
    """Move a slot as `redis-cli --cluster reshard` does, slowly enough to be met by many calls."""
    source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
    while keys := source.call("CLUSTER", "GETKEYSINSLOT", slot, _KEYS_A_STEP):
        source.call("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        time.sleep(_STEP_SECONDS)

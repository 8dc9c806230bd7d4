"""A Redis Cluster for a while: masters with a replica each, on this machine, on free ports."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from infra.harness.ports import free_ports
from infra.supervisor.embedded_redis import server_command
from shared.errors import BenchError
from shared.pdeathsig import dying_with_this_process

SLOTS = 16_384
NODE_TIMEOUT_MS = 1_000
_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


class ClusterNode:
    """One server of a cluster, in a folder of its own."""

    def __init__(self, port: int, bus_port: int, folder: Path) -> None:
        self.port = port
        self.bus_port = bus_port
        self.address = f"127.0.0.1:{port}"
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, options: Mapping[str, str]) -> None:
        """Start the server; returns at once."""
        self._folder.mkdir(parents=True, exist_ok=True)
        own = {
            "appendonly": "no",
            "logfile": str(self._folder / "redis.log"),
            "cluster-enabled": "yes",
            "cluster-port": str(self.bus_port),
            "cluster-config-file": "nodes.conf",
            "cluster-node-timeout": str(NODE_TIMEOUT_MS),
            "cluster-require-full-coverage": "no",
            "repl-diskless-sync-delay": "0",
            **options,
        }
        flags = [word for name, value in own.items() for word in (f"--{name}", value)]
        command = (*server_command(self.port, self._folder), *flags)
        self.process = subprocess.Popen(dying_with_this_process(command, signal.SIGTERM))

    @property
    def pid(self) -> int:
        """Return the process id; raise BenchError before the start."""
        if self.process is None:
            raise BenchError("this node was never started")
        return self.process.pid

    def call(self, *command: object) -> Any:
        """Send one command to this node, by a connection of its own."""
        with self.client() as client:
            return cast("Any", client).execute_command(*command)

    def client(self) -> "redis.Redis":
        """Return a client that tries once: a dead node is to be noticed at once."""
        once = Retry(NoBackoff(), 0)
        return redis.Redis(
            "127.0.0.1", self.port, socket_timeout=5, decode_responses=True, retry=once
        )

    def answers(self) -> bool:
        """Tell whether the server takes commands."""
        try:
            return bool(self.call("PING"))
        except (redis.RedisError, OSError):
            return False

    def is_master(self) -> bool:
        """Tell whether the server lives and is a master."""
        try:
            return bool(self.call("ROLE")[0] == "master")
        except (redis.RedisError, OSError):
            return False

    def end(self, *, crash: bool = False) -> None:
        """End the server, as a crash would or in order."""
        if self.process is None:
            return
        if crash:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(timeout=_STOP_SECONDS)


class ScratchCluster:
    """Masters that share all slots evenly, each with its replicas; a context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        masters: int = 3,
        replicas: int = 1,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.options = dict(options or {})
        self._masters = masters
        count = masters * (1 + replicas)
        ports = free_ports(2 * count)
        self.nodes = [
            ClusterNode(ports[i], ports[count + i], folder / f"node-{i}") for i in range(count)
        ]
        seeds = ",".join(node.address for node in self.nodes)
        self.url = f"redis+cluster://{seeds}"

    def start(self) -> None:
        """Start all nodes, and wait until every slot is served and every replica is connected."""
        for node in self.nodes:
            node.start(self.options)
        self._wait(lambda: all(node.answers() for node in self.nodes), "answered")
        for number, node in enumerate(self.nodes):
            node.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node.call("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port, self.nodes[0].bus_port)
        masters = self.nodes[: self._masters]
        for number, node in enumerate(masters):
            first, end = (SLOTS * n // self._masters for n in (number, number + 1))
            node.call("CLUSTER", "ADDSLOTSRANGE", first, end - 1)
        ids = [node.call("CLUSTER", "MYID") for node in masters]
        self._wait(self._all_met, "met")
        for number, node in enumerate(self.nodes[self._masters :]):
            node.call("CLUSTER", "REPLICATE", ids[number % self._masters])
        self._wait(self.is_whole, "made a cluster")

    def is_whole(self) -> bool:
        """Tell whether all slots are served and all replicas are connected."""
        living = [node for node in self.nodes if node.answers()]
        return all("cluster_state:ok" in _info(node) for node in living) and all(
            _is_linked(node.call("ROLE")) for node in living
        )

    def owner_of(self, slot: int) -> ClusterNode:
        """Return the living master that owns a slot; raise BenchError if none does."""
        for node in self.nodes:
            if node.is_master():
                for first, last, (_, port, *_rest), *_replicas in self._slots(node):
                    if first <= slot <= last and port == node.port:
                        return node
        raise BenchError(f"no node serves slot {slot}")

    def masters(self) -> list[ClusterNode]:
        """Return the living masters that own slots."""
        living = [node for node in self.nodes if node.is_master()]
        return [
            node for node in living if any(each[2][1] == node.port for each in self._slots(node))
        ]

    def _slots(self, node: ClusterNode) -> list[Any]:
        return cast("list[Any]", node.call("CLUSTER", "SLOTS"))

    def _all_met(self) -> bool:
        ids = {node.call("CLUSTER", "MYID") for node in self.nodes}
        return all(ids <= _known_ids(node) for node in self.nodes)

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise BenchError(f"the nodes of the cluster have not {what} in time")
            time.sleep(0.05)

    def stop(self) -> None:
        """End all nodes at once."""
        for node in self.nodes:
            node.end(crash=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _known_ids(node: ClusterNode) -> set[str]:
    """Return the nodes that a node has met; until then they have other ids."""
    with node.client() as client:
        client.response_callbacks.pop("CLUSTER NODES", None)
        lines = cast("str", cast("Any", client).execute_command("CLUSTER NODES")).splitlines()
    return {line.split(" ", 1)[0] for line in lines if "handshake" not in line}


def _info(node: ClusterNode) -> str:
    info = node.call("CLUSTER", "INFO")
    return info if isinstance(info, str) else "\n".join(f"{k}:{v}" for k, v in info.items())


def _is_linked(role: list[Any]) -> bool:
    return bool(role[0] == "master" or role[3] == "connected")

"""What kind of server answers, and whether it can serve."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import redis

from shared import keys
from shared.connection import REDIS_ERRORS
from shared.errors import UnsuitableRedis
from shared.partition_client import PartitionClient
from shared.partition_names import STOCK_PREFIX
from shared.partitions import Partitions, connect_partitions
from shared.redis_faults import describe_fault, fault_code

logger = logging.getLogger(__name__)

# Scripts with flags (`#!lua flags=allow-oom`) came with Redis 7.0; so did all else that is used.
MIN_VERSION = (7, 0)
# Fields of INFO by which servers that speak Redis's protocol are known, and their names.
_KINDS = {
    "dragonfly_version": "Dragonfly",
    "garnet_version": "Garnet",
    "kvrocks_version": "Kvrocks",
    "valkey_version": "Valkey",
    "mvcc_depth": "KeyDB",
    "redis_version": "Redis",
}
_SERVING = ("Redis", "Valkey")
_NEEDED = "Parley needs Redis 7.0 or newer, or Valkey"
_CLUSTER = (
    "{} is a node of a cluster: write redis+cluster://host:port in PARLEY_REDIS_URL, with one node "
    "or several, separated by commas."
)
_CHECK_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A server that can serve: what it is, and what an operator should change."""

    kind: str
    version: str
    warnings: tuple[str, ...] = ()


def examine_server(client: "redis.Redis") -> RedisServer:
    """Return what kind of server answers, which is a node of a cluster if the client is of one.

    Raises UnsuitableRedis if it cannot serve, and what redis-py raises if it does not answer.
    """
    try:
        info = client.info()
    except redis.ResponseError as error:
        if "unknown command" in str(error).lower():  # HELLO, with which a connection begins
            raise UnsuitableRedis(f"This server knows no HELLO: {_NEEDED}.") from None
        if fault_code(error) == "NOPERM":
            return RedisServer("Redis", "", ("the user may not call INFO: nothing was checked",))
        if "cluster mode" in str(error):  # what it answers to SELECT
            raise UnsuitableRedis(_CLUSTER.format("This server")) from None
        if "DB index" in str(error):
            raise UnsuitableRedis(
                "This server has no database of that number: correct PARLEY_REDIS_URL, or raise "
                "`databases` in the server's configuration."
            ) from None
        raise
    if not _is_of_cluster(client):
        return judge_server(info)
    server = judge_server(info, in_cluster=True)
    return replace(server, warnings=(*server.warnings, *_cluster_warnings(client)))


def _cluster_warnings(client: "redis.Redis") -> tuple[str, ...]:
    name = "cluster-require-full-coverage"
    try:
        asked = cast("Mapping[str, str]", client.config_get(name))
    except redis.ResponseError:  # an account that may not ask, or a service that does not tell
        return ()
    if asked.get(name) != "yes":
        return ()
    return (f"while one master is away no other serves ({name} yes): set it to no on each node",)


def _is_of_cluster(client: "redis.Redis") -> bool:
    return isinstance(client, PartitionClient) and client.in_cluster


def judge_server(info: Mapping[str, Any], *, in_cluster: bool = False) -> RedisServer:
    """Return what the fields of INFO tell of a server; raise UnsuitableRedis if it cannot serve."""
    field = next((name for name in _KINDS if name in info), None)
    kind, version = _KINDS.get(field or "", "unknown"), str(info.get(field or "", ""))
    if info.get("server_name") == "valkey":
        kind = "Valkey"
    shown = f"{kind} {version}".strip()
    mode = str(info.get("redis_mode", info.get("server_mode", "standalone")))
    if mode == "sentinel":
        raise UnsuitableRedis(
            f"This is a Sentinel ({shown}): write sentinel://host:port/service in PARLEY_REDIS_URL."
        )
    if kind not in _SERVING:
        raise UnsuitableRedis(f"This server is {shown}, which is not supported: {_NEEDED}.")
    if kind == "Redis" and _numbers(version) < MIN_VERSION:
        raise UnsuitableRedis(f"This server is {shown}, which is too old: {_NEEDED}.")
    is_node = mode == "cluster" or str(info.get("cluster_enabled", "0")) == "1"
    if is_node and not in_cluster:
        raise UnsuitableRedis(_CLUSTER.format(f"This server ({shown})"))
    if info.get("role") == "slave":
        raise UnsuitableRedis(
            f"This server ({shown}) is a replica of {info.get('master_host')}:"
            f"{info.get('master_port')}: name the master in PARLEY_REDIS_URL."
        )
    return RedisServer(kind, version, _warnings(info))


def check_redis_at_start(url: str, partitions: int | None = None) -> None:
    """Raise UnsuitableRedis if the server cannot serve; log what should be changed.

    One that does not answer yet is no fault: it is waited for, and checked once it does.
    """
    opened = connect_partitions(url, partitions, timeout_seconds=_CHECK_SECONDS, retries=0)
    try:
        server = examine_server(opened.stock)
        check_partitions(opened)
    except REDIS_ERRORS as error:
        logger.warning("Redis was not checked: %s", describe_fault(error))
        return
    finally:
        opened.close()
    for warning in server.warnings:
        logger.warning("%s %s: %s", server.kind, server.version, warning)


def check_partitions(opened: Partitions) -> None:
    """Write down how many partitions there are; raise UnsuitableRedis if there are others.

    On a server that runs alone, one partition is not written down: it was so before.
    """
    name = keys.PARTITIONS
    if opened.is_one:
        name = STOCK_PREFIX + name
    else:
        opened.stock.set(name, opened.hashed, nx=True)
    found = cast("bytes | None", opened.stock.get(name))
    if found is not None and int(found) != opened.hashed:
        raise UnsuitableRedis(
            f"This Redis has {int(found)} partitions, and PARLEY_PARTITIONS says {opened.hashed}: "
            f"set it to {int(found)}. The number cannot be changed while Redis holds data."
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _warnings(info: Mapping[str, Any]) -> tuple[str, ...]:
    policy = info.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return ()
    return (f"Redis evicts keys ({policy}), which loses messages: set maxmemory-policy noeviction",)

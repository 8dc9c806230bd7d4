"""What lies in Redis at one moment, read in one transaction."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import redis

from shared import keys, tenants
from shared.jobs import Turn

TENANT = "acme"
CONVERSATIONS = ("talk", tenants.scope(TENANT, "a chat: 1/2"))
WAKE = keys.WAKE.encode()
_HANDED = (keys.INFERENCE_LARGE, keys.GENERATION)
_QUEUES = (keys.INFERENCE, *_HANDED, keys.SENTIMENT)

Reads = Mapping[Hashable, tuple[str, ...]]
Found = Mapping[Hashable, Any]


@dataclass(frozen=True)
class Snapshot:
    """Jobs by where they are."""

    queue: list[str]
    listed: list[str]
    results: dict[str, bytes | None]
    lanes: dict[str, str | None]
    parked: dict[str, list[str]]
    turns: dict[str, list[Turn]]
    leases: dict[bytes, str]
    own_flow: list[bytes]
    other_flow: list[bytes]
    handoffs: list[bytes]
    parked_counts: dict[bytes, bytes]
    tone_tasks: list[str]
    notes: dict[str, list[bytes | None]]


def look(client: "redis.Redis", jobs: Collection[str], workers: Sequence[str]) -> Snapshot:
    """Return where jobs are; `workers` are all that have ever been."""
    found = _read(client, {**_of_queues(), **_of_conversations(), **_of(jobs, workers)})
    flows = {queue: (found[queue], found[keys.flow(queue, TENANT)]) for queue in _QUEUES}
    own, other = flows[keys.INFERENCE]
    handed = [flow for queue in _HANDED for flow in flows[queue]]
    handoffs = [raw for name in workers for raw in found["handoff", name]]
    waiting = (own, other, found["quarantine"], handoffs, *handed)
    return Snapshot(
        queue=_names(waiting),
        listed=[member.decode() for member in found["listed"]],
        results={name: found["result", name] for name in jobs},
        lanes={name: _text(found["lane", name]) for name in CONVERSATIONS},
        parked={
            name: [line.split(b"\n", 1)[0].decode() for line in found["parked", name]]
            for name in CONVERSATIONS
        },
        turns={
            name: [msgspec.json.decode(turn, type=Turn) for turn in found["turns", name]]
            for name in CONVERSATIONS
        },
        leases={
            token: name_of(raw) for name in workers for token, raw in found["lease", name].items()
        },
        own_flow=own,
        other_flow=other,
        handoffs=handoffs,
        parked_counts=found["parked counts"],
        tone_tasks=_names(flows[keys.SENTIMENT]),
        notes={name: found["notes", name] for name in jobs},
    )


def name_of(raw: bytes) -> str:
    """Return the id of a message's task."""
    headers: dict[str, str] = msgspec.json.decode(raw)["headers"]
    return headers["id"]


def _of_queues() -> Reads:
    flows = [flow for queue in _QUEUES for flow in (queue, keys.flow(queue, TENANT))]
    return {
        **{flow: ("LRANGE", flow, "0", "-1") for flow in flows},
        "parked counts": ("HGETALL", keys.PARKED_COUNTS),
        "quarantine": ("LRANGE", keys.quarantine(keys.INFERENCE), "0", "-1"),
        "listed": ("ZRANGE", keys.PARKED, "0", "-1"),
    }


def _of_conversations() -> Reads:
    return {
        (what, name): command
        for name in CONVERSATIONS
        for what, command in (
            ("lane", ("GET", keys.lane(name))),
            ("parked", ("LRANGE", keys.lane_waiting(name), "0", "-1")),
            ("turns", ("LRANGE", keys.turns(name), "0", "-1")),
        )
    }


def _of(jobs: Collection[str], workers: Sequence[str]) -> Reads:
    return {
        **{("lease", name): ("HGETALL", keys.lease(name)) for name in workers},
        **{("handoff", name): ("LRANGE", keys.handoff(name), "0", "-1") for name in workers},
        **{("result", name): ("GET", keys.result(name)) for name in jobs},
        **{
            ("notes", name): ("HMGET", keys.job(name), "tone_due", "has_tone_task") for name in jobs
        },
    }


def _read(client: "redis.Redis", reads: Reads) -> Found:
    with client.pipeline(transaction=True) as transaction:
        for command in reads.values():
            transaction.execute_command(*command)  # type: ignore[no-untyped-call]
        return dict(zip(reads, transaction.execute(), strict=True))


def _names(flows: Sequence[Sequence[bytes]]) -> list[str]:
    return [name_of(raw) for flow in flows for raw in flow if raw != WAKE]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()

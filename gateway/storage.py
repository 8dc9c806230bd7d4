"""What Redis holds for Parley beside the queues, and what room it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis

from shared import keys


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers of messages and bytes; `quarantined` is by queue.

    `memory_bytes` is None where the server does not tell, `memory_limit_bytes` if there is none.
    """

    dead_letters: int
    parked: int
    scheduled: int
    quarantined: Mapping[str, int]
    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None


def read_storage(client: "redis.Redis") -> Storage:
    """Count in one round trip; raises what redis-py does."""
    with client.pipeline(transaction=False) as pipeline:
        pipeline.llen(keys.DEAD_LETTERS)
        pipeline.zcard(keys.PARKED)
        pipeline.zcard(keys.SCHEDULED)
        for queue in keys.QUEUES:
            pipeline.llen(keys.quarantine(queue))
        pipeline.info("memory")
        # An account that may not ask for INFO gets an error there.
        *numbers, info = pipeline.execute(raise_on_error=False)
    for fault in (each for each in numbers if isinstance(each, Exception)):
        raise fault
    dead, parked, scheduled, *quarantined = numbers
    by_queue = dict(zip(keys.QUEUES, quarantined, strict=True))
    return Storage(dead, parked, scheduled, by_queue, *_memory(info))


def _memory(info: "Mapping[str, Any] | Exception") -> tuple[int | None, int | None]:
    if isinstance(info, redis.ResponseError):
        return None, None
    if isinstance(info, Exception):
        raise info
    return info.get("used_memory"), info.get("maxmemory") or None

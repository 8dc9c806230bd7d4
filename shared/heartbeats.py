"""The workers that are alive, by their heartbeats."""

from collections.abc import Sequence
from typing import cast

import msgspec
import redis

from shared import keys
from shared.worker_status import WorkerStatus

_status_decoder = msgspec.json.Decoder(WorkerStatus)


def read_heartbeats(
    client: "redis.Redis", queues: Sequence[str] = keys.QUEUES
) -> list[WorkerStatus]:
    """Return the last heartbeat of every live worker of these queues; raises what redis-py does."""
    with client.pipeline(transaction=False) as pipeline:
        for queue in queues:
            pipeline.zrange(keys.workers(queue), 0, -1)
        found = cast("list[list[bytes]]", pipeline.execute())
    names = [keys.worker(name.decode()) for of_queue in found for name in of_queue]
    stored = cast("list[bytes | None]", client.mget(names)) if names else []
    return [status for heartbeat in stored if heartbeat and (status := _read(heartbeat))]


def _read(heartbeat: bytes) -> WorkerStatus | None:
    """Decode one heartbeat; another version of Parley may have written it."""
    try:
        return _status_decoder.decode(heartbeat)
    except msgspec.DecodeError:
        return None

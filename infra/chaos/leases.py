"""What a worker has in flight, seen from outside."""

from typing import cast

import redis

from infra.chaos.faults import GENERATION, INFERENCE, LARGE, SENTIMENT
from infra.supervisor.probes import live_workers
from shared import keys
from shared.connection import connect
from shared.task_message import peek_id

_TIMEOUT_SECONDS = 0.5
WORKERS = {
    **dict.fromkeys(INFERENCE, keys.INFERENCE),
    **dict.fromkeys(LARGE, keys.INFERENCE_LARGE),
    **dict.fromkeys(SENTIMENT, keys.SENTIMENT),
    **dict.fromkeys(GENERATION, keys.GENERATION),
}  # service → queue


class InFlightProbe:
    """Read workers' leases, past the proxy. Raises Redis's errors."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._redis = connect(redis_url, timeout_seconds=_TIMEOUT_SECONDS, retries=0)

    def worker_id(self, service: str, pid: int) -> str | None:
        """Return the name under which a service's process leases messages."""
        statuses = live_workers(self._url, WORKERS[service])
        return next((status.id for status in statuses if status.pid == pid), None)

    def count(self, worker_id: str) -> int:
        """Count the messages that a worker has leased."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hlen(keys.lease(worker_id))
            pipe.llen(keys.handoff(worker_id))
            counts = cast("list[int]", pipe.execute())
        return sum(counts)

    def job_ids(self, worker_id: str) -> list[str]:
        """Name the jobs that a worker has leased."""
        leased = cast("list[bytes]", self._redis.hvals(keys.lease(worker_id)))
        handed_off = cast("list[bytes]", self._redis.lrange(keys.handoff(worker_id), 0, -1))
        return [name for raw in (*leased, *handed_off) if (name := peek_id(raw))]

    def push(self, queue: str, raw: bytes) -> None:
        """Put a message on a queue as any Redis client can."""
        with redis.Redis.from_url(self._url, socket_timeout=10 * _TIMEOUT_SECONDS) as client:
            client.lpush(queue, raw)

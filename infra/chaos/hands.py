"""What a worker has in its hands, seen from outside."""

from typing import cast

import redis

from infra.chaos.faults import INFERENCE, SENTIMENT
from infra.stack.probes import live_workers
from shared import keys
from shared.connection import connect
from shared.wire import peek_id

_TIMEOUT_SECONDS = 0.5
WORKERS = {
    **dict.fromkeys(INFERENCE, keys.INFERENCE),
    **dict.fromkeys(SENTIMENT, keys.SENTIMENT),
}  # part → queue


class Hands:
    """Look at workers' leases, past the proxy. Raises Redis's errors."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._redis = connect(redis_url, timeout_seconds=_TIMEOUT_SECONDS, retries=0)

    def worker_id(self, part: str, pid: int) -> str | None:
        """Return the name under which a part's process leases messages."""
        statuses = live_workers(self._url, WORKERS[part])
        return next((status.id for status in statuses if status.pid == pid), None)

    def held(self, worker_id: str) -> int:
        """Count the messages in a worker's hands."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hlen(keys.lease(worker_id))
            pipe.llen(keys.handoff(worker_id))
            counts = cast("list[int]", pipe.execute())
        return sum(counts)

    def jobs(self, worker_id: str) -> list[str]:
        """Name the jobs in a worker's hands."""
        leased = cast("list[bytes]", self._redis.hvals(keys.lease(worker_id)))
        woken = cast("list[bytes]", self._redis.lrange(keys.handoff(worker_id), 0, -1))
        return [name for raw in (*leased, *woken) if (name := peek_id(raw))]

    def push(self, queue: str, raw: bytes) -> None:
        """Put a message on a queue as anybody can."""
        with redis.Redis.from_url(self._url, socket_timeout=10 * _TIMEOUT_SECONDS) as client:
            client.lpush(queue, raw)

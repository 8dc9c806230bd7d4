"""Ways to ask a service whether it is ready."""

from urllib.parse import urlsplit

from infra.http_client import HTTP_ERRORS, get
from shared.connection import REDIS_ERRORS
from shared.errors import UnsuitableRedis
from shared.heartbeats import read_heartbeats
from shared.partitions import connect_partitions
from shared.worker_status import WorkerStatus

_TIMEOUT_SECONDS = 0.8


class RedisProbe:
    """Wait until Redis takes commands; while it loads its append-only file it does not."""

    def __init__(self, url: str) -> None:
        self._url = url

    def is_ready(self, pid: int) -> bool:
        """Return whether a PING is answered."""
        try:
            opened = connect_partitions(self._url, timeout_seconds=_TIMEOUT_SECONDS, retries=0)
            with opened.stock as client:  # whatever the number of partitions, this one is there
                return bool(client.ping())
        except (*REDIS_ERRORS, UnsuitableRedis):
            return False


class HttpProbe:
    """Wait until a GET is answered with 200."""

    def __init__(self, url: str) -> None:
        self._url = url

    def is_ready(self, pid: int) -> bool:
        """Return whether the address answers 200."""
        return http_status(self._url) == 200


class HeartbeatProbe:
    """Wait for a worker's heartbeat in Redis, which begins once it is warm."""

    def __init__(self, redis_url: str, queue: str) -> None:
        self._redis_url = redis_url
        self._queue = queue

    def is_ready(self, pid: int) -> bool:
        """Return whether this very process has a heartbeat."""
        try:
            return any(status.pid == pid for status in live_workers(self._redis_url, self._queue))
        except REDIS_ERRORS:
            return False


def live_workers(redis_url: str, queue: str) -> list[WorkerStatus]:
    """Return the heartbeats of a queue's live workers."""
    opened = connect_partitions(redis_url, timeout_seconds=_TIMEOUT_SECONDS, retries=0)
    with opened.stock as client:  # workers report to every partition
        return read_heartbeats(client, [queue])


def http_status(url: str) -> int | None:
    """Return the status of a GET, or None if nothing answers."""
    address = urlsplit(url)
    try:
        return get(f"{address.scheme}://{address.netloc}", address.path, _TIMEOUT_SECONDS).status
    except HTTP_ERRORS:
        return None

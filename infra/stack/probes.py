"""Ways to ask a part whether it serves."""

import http.client
from urllib.parse import urlsplit

import msgspec

from shared import keys
from shared.connection import REDIS_ERRORS, connect
from shared.jobs import WorkerStatus

_PATIENCE_SECONDS = 0.8


class RedisProbe:
    """Wait until Redis takes commands; while it loads its append-only file it does not."""

    def __init__(self, url: str) -> None:
        self._url = url

    def is_ready(self, pid: int) -> bool:
        """Return whether a PING is answered."""
        try:
            with connect(self._url, timeout_seconds=_PATIENCE_SECONDS, retries=0) as client:
                return bool(client.ping())
        except REDIS_ERRORS:
            return False


class HttpProbe:
    """Wait until a GET is answered with 200."""

    def __init__(self, url: str) -> None:
        self._url = url

    def is_ready(self, pid: int) -> bool:
        """Return whether the address answers 200."""
        return http_status(self._url) == 200


class HeartbeatProbe:
    """Wait until a worker tells through Redis that it is alive, which it does once it is warm."""

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
    """Return what the living workers of a queue say of themselves."""
    with connect(redis_url, timeout_seconds=_PATIENCE_SECONDS, retries=0) as client:
        known = client.zrange(keys.workers(queue), 0, -1)
        beats = client.mget([keys.worker(name.decode()) for name in known]) if known else []
    return [msgspec.json.decode(beat, type=WorkerStatus) for beat in beats if beat]


def http_status(url: str) -> int | None:
    """Return the status of a GET, or None when nothing answers."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", address.path or "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()

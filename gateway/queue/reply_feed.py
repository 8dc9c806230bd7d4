"""Port: hear how jobs ended. Adapters: a Redis subscription, and memory for tests."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import redis
from redis.client import PubSub

from gateway.queue.pending_replies import PendingReplies
from shared import keys, results
from shared.connection import REDIS_ERRORS, backoff_seconds
from shared.errors import QueueUnavailable
from shared.outage_log import OutageLog
from shared.results import JobRecord

logger = logging.getLogger(__name__)

Finished = Callable[[Sequence[str]], Mapping[str, JobRecord]]
"""Look up which of these jobs have ended, and how."""

MAX_PAUSE_SECONDS = 2.0


class ReplyFeed(Protocol):
    """Bring records of ended jobs to a waiting room."""

    def is_live(self) -> bool:
        """Tell whether replies are heard of at once."""


class MemoryReplyFeed:
    """Deliver what a test announces."""

    def __init__(self, room: PendingReplies) -> None:
        self._room = room
        self.live = True

    def is_live(self) -> bool:
        """Tell what the test has set."""
        return self.live

    def announce(self, payload: bytes) -> None:
        """Take one publication as a worker writes it."""
        self._room.deliver(results.decode_notifications(payload))


class RedisReplyFeed:
    """Listen on this gateway's channel in a thread of its own and reconnect by itself.

    What was announced while nobody listened is looked up (`finished`) after every subscription.
    """

    def __init__(
        self,
        client: "redis.Redis",
        gateway_id: str,
        room: PendingReplies,
        finished: Finished,
        *,
        idle_seconds: float = 5.0,
        on_delivery: Callable[[int], None] = lambda _replies: None,
    ) -> None:
        self._client = client
        self._channel = keys.replies(gateway_id)
        self._room = room
        self._finished = finished
        self._idle_seconds = idle_seconds
        self._on_delivery = on_delivery
        self._live = threading.Event()
        self._outage = OutageLog(logger)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reply-feed", daemon=True)

    def start(self) -> None:
        """Begin to listen; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Cease to listen; waits for the thread, at most a few seconds."""
        self._stopped.set()
        self._thread.join(timeout=self._idle_seconds + MAX_PAUSE_SECONDS)

    def is_live(self) -> bool:
        """Tell whether the subscription stands."""
        return self._live.is_set()

    def wait_until_live(self, seconds: float) -> bool:
        """Block until the subscription stands; False when it does not in time."""
        return self._live.wait(seconds)

    def _run(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            try:
                self._listen()
            except (*REDIS_ERRORS, QueueUnavailable) as error:
                failures = 1 if self._live.is_set() else failures + 1
                self._live.clear()
                self._outage.record(f"replies: {error}")
                self._stopped.wait(backoff_seconds(failures, MAX_PAUSE_SECONDS))
            except Exception:
                logger.exception("reply subscription failed")
                self._live.clear()
                self._stopped.wait(MAX_PAUSE_SECONDS)

    def _listen(self) -> None:
        with cast("Any", self._client).pubsub() as subscription:
            subscription.subscribe(self._channel)
            silent = False
            while not self._stopped.is_set():
                message = subscription.get_message(timeout=self._idle_seconds)
                if message is not None:
                    silent = False
                    self._take(message["type"], message["data"])
                else:
                    silent = _probe(subscription, silent)

    def _take(self, kind: str, data: bytes) -> None:
        if kind == "message":
            self._deliver(data)
        elif kind == "subscribe":  # also after a reconnection that redis-py made by itself
            self._live.set()
            self._outage.record(None)
            self._heal()

    def _deliver(self, payload: bytes) -> None:
        try:
            records = results.decode_notifications(payload)
        except ValueError:
            logger.exception("an announcement of replies could not be read")
            return
        self._on_delivery(self._room.deliver(records))

    def _heal(self) -> None:
        missed = self._finished(self._room.job_ids())
        self._on_delivery(self._room.deliver(missed.items()))


def _probe(subscription: PubSub, silent: bool) -> bool:
    """Ask a quiet connection for a sign of life; raise where it gave none the last time."""
    if silent:
        raise redis.ConnectionError("no answer to a ping")
    subscription.ping()
    return True

"""A subscription to one Redis channel that outlives every fault of the connection."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import redis

from shared.connection import REDIS_ERRORS, backoff_seconds
from shared.errors import QueueUnavailable
from shared.outage_log import OutageLog
from shared.redis_faults import describe_fault

logger = logging.getLogger(__name__)

MAX_PAUSE_SECONDS = 2.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.25  # how late `stop` is noticed


class Subscription:
    """Pass the payloads of a channel to a handler, from a thread of its own.

    A broken connection is replaced, after pauses that double and are jittered. After
    `silence_seconds` without a word from Redis the connection is pinged, and replaced when the
    ping stays unanswered for as long: a half-open connection delivers nothing and never fails.
    After a failure another of `clients` is tried: each node of a cluster publishes all.

    `on_subscribed` runs on the same thread after every subscription, before it counts as live.
    What was published in between is lost: look it up there. If it raises, the connection is
    replaced and it runs again. A payload whose handler raises is logged, without its content, and
    skipped.
    """

    def __init__(
        self,
        clients: "redis.Redis | Sequence[redis.Redis]",
        channel: str,
        on_payload: Callable[[bytes], object],
        *,
        name: str,
        on_subscribed: Callable[[], object] = lambda: None,
        silence_seconds: float = 5.0,
    ) -> None:
        self._clients = (clients,) if isinstance(clients, redis.Redis) else clients
        self._turn = 0
        self._channel = channel
        self._on_payload = on_payload
        self._name = name
        self._on_subscribed = on_subscribed
        self._silence_seconds = silence_seconds
        self._outage = OutageLog(logger, f"the subscription to {name}")
        self._live = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name}-subscription", daemon=True)

    def start(self) -> None:
        """Begin to listen; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; waits for the thread, longer than a moment only while it connects."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_STOP_SECONDS)

    def is_live(self) -> bool:
        """Return whether payloads arrive at once."""
        return self._live.is_set()

    @property
    def client(self) -> "redis.Redis":
        """Return the client through which it listens, or tries to."""
        return self._clients[self._turn]

    def wait_until_live(self, seconds: float) -> bool:
        """Block until the subscription is live; False if it is not in time."""
        return self._live.wait(seconds)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self._listen()
            except Exception as error:
                failures = 1 if self._live.is_set() else failures + 1
                self._live.clear()
                self._turn = self._another()
                self._outage.record(describe_fault(error))
                if not isinstance(error, (*REDIS_ERRORS, QueueUnavailable)):
                    logger.exception("the subscription to %s failed", self._name)
                self._stopping.wait(backoff_seconds(failures, MAX_PAUSE_SECONDS))
        self._live.clear()

    def _another(self) -> int:
        """Choose another client at random: the next one's node may well be the same."""
        others = [turn for turn in range(len(self._clients)) if turn != self._turn]
        return random.SystemRandom().choice(others) if others else 0

    def _listen(self) -> None:
        poll_seconds = min(_POLL_SECONDS, self._silence_seconds)
        with cast("Any", self.client).pubsub() as pubsub:
            pubsub.subscribe(self._channel)
            quiet_since, pinged = time.monotonic(), False
            while not self._stopping.is_set():
                if message := _next_message(pubsub, poll_seconds):
                    self._receive(message)
                    quiet_since, pinged = time.monotonic(), False
                elif time.monotonic() - quiet_since >= self._silence_seconds:
                    if pinged:
                        raise redis.ConnectionError("no answer to a ping")
                    pubsub.ping()
                    quiet_since, pinged = time.monotonic(), True

    def _receive(self, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "message":
            try:
                self._on_payload(message["data"])
            except Exception:
                logger.exception("a payload of %s could not be read", self._name)
        elif kind == "subscribe":  # also after a reconnection that redis-py made by itself
            self._on_subscribed()
            self._live.set()
            self._outage.record(None)


def _next_message(pubsub: Any, timeout_seconds: float) -> Mapping[str, Any] | None:
    """Return what comes next, None if nothing whole does; a connection closed by others is broken.

    Read from the connection itself: redis-py's `get_message` looks four times whether there is
    anything to read, each with a poller of its own, before it reads.
    """
    try:
        response = pubsub.connection.read_response(
            disconnect_on_error=False, push_request=True, timeout=timeout_seconds
        )
    except redis.TimeoutError:  # what came so far is kept for the next call
        return None
    except (AttributeError, TypeError, ValueError) as closed:
        raise redis.ConnectionError("the connection was closed") from closed
    return cast("Mapping[str, Any] | None", pubsub.handle_message(response))

"""Notice clients that disconnect while they wait: all their connections are polled each second.

A poll is one system call, however many wait; a request pays for an entry in a dictionary.
"""

import logging
import select
import threading
from collections.abc import Callable
from typing import Any, Protocol

from gevent.monkey import get_original

POLL_SECONDS = 1.0
logger = logging.getLogger(__name__)


class Waiting(Protocol):
    """Something that serves a client and waits."""

    def client_disconnected(self) -> None:
        """End the wait."""


class DisconnectWatcher:
    """Wake the request of every client that has closed its connection, and report it.

    A client that closes only its sending half counts as disconnected: no HTTP client that still
    wants its answer does so.
    """

    def __init__(self, poll_seconds: float = POLL_SECONDS) -> None:
        self._poll_seconds = poll_seconds
        self._waiting: dict[int, tuple[Waiting, Callable[[], None]]] = {}
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(
        self, descriptor: int, waiting: Waiting, on_disconnect: Callable[[], None] = lambda: None
    ) -> None:
        """Watch a connection from now on until `forget`."""
        self._waiting[descriptor] = waiting, on_disconnect
        if self._thread is None:
            self._start()

    def forget(self, descriptor: int) -> None:
        """Watch a connection no longer; call before it may serve another request."""
        self._waiting.pop(descriptor, None)

    def poll(self) -> int:
        """Wake the requests of clients that have disconnected; return how many."""
        # gevent's own poll knows nothing of half-closed connections; this one never blocks.
        poller: Any = get_original("select", "poll")()
        for descriptor in list(self._waiting):
            poller.register(descriptor, select.POLLRDHUP)
        found = [self._waiting.pop(descriptor, None) for descriptor, _ in poller.poll(0)]
        for waiting, on_disconnect in filter(None, found):
            waiting.client_disconnected()
            on_disconnect()
        return len(found)

    def __len__(self) -> int:
        return len(self._waiting)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="disconnect-watcher", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._poll_seconds):
            if not self._waiting:
                continue
            try:
                self.poll()
            except Exception:
                logger.exception("clients that disconnect were not looked for; next second again")

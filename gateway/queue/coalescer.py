"""Gather what arrives while a round trip is under way into the next one."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from shared.errors import QueueUnavailable

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Coalescer(Generic[Item, Outcome]):
    """Send the items of many callers together, from one thread that starts with the first.

    `send` takes items and returns the outcome of each, an exception among them for its caller
    alone. What `send` raises goes to every caller of that batch and, if the server is not
    reachable, to those who came meanwhile: they need not find out for themselves. `prepare` turns
    each item into what is sent, on its caller's thread. `linger` runs after each batch: when there
    is no hurry, more gather for the next.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Item]], Sequence[Outcome | Exception]],
        *,
        prepare: Callable[[Item], Item] = lambda item: item,
        linger: Callable[[], None] = lambda: None,
        timeout_seconds: float = 3.0,
        max_batch: int = 512,
    ) -> None:
        self._send = send
        self._prepare = prepare
        self._linger = linger
        self._timeout_seconds = timeout_seconds
        self._max_batch = max_batch
        self._arrivals: SimpleQueue[_Pending[Item, Outcome]] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def post(self, item: Item, resolve: Callable[[Outcome | Exception], None]) -> None:
        """Send an item soon and return at once.

        `resolve` gets the outcome or the error, once, maybe on another thread; it must neither
        block nor raise.
        """
        self._arrivals.put((self._prepare(item), resolve))
        if self._thread is None:
            self._start()

    def submit(self, item: Item) -> Outcome:
        """Send an item and return its outcome; raise its error, or QueueUnavailable if late."""
        resolved = threading.Lock()
        resolved.acquire()
        outcomes: list[Outcome | Exception] = []

        def resolve(outcome: Outcome | Exception) -> None:
            outcomes.append(outcome)
            resolved.release()

        self._arrivals.put((self._prepare(item), resolve))
        if self._thread is None:
            self._start()
        if not resolved.acquire(timeout=self._timeout_seconds):
            raise QueueUnavailable("Redis did not answer in time")
        if isinstance(outcomes[0], Exception):
            raise outcomes[0]
        return outcomes[0]

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="coalescer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            batch = [self._arrivals.get(), *self._gather(self._max_batch - 1)]
            try:
                outcomes = self._send([item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - passed to every caller of this batch
                if isinstance(error, QueueUnavailable):
                    batch += self._gather(self._arrivals.qsize())
                outcomes = [error] * len(batch)
            for (_, resolve), outcome in zip(batch, outcomes, strict=True):
                resolve(outcome)
            self._linger()

    def _gather(self, max_items: int) -> "list[_Pending[Item, Outcome]]":
        gathered: list[_Pending[Item, Outcome]] = []
        with suppress(Empty):
            while len(gathered) < max_items:
                gathered.append(self._arrivals.get_nowait())
        return gathered


_Pending = tuple[Item, Callable[[Outcome | Exception], None]]

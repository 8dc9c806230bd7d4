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

    `send` takes items and returns what became of each, an exception among them for its caller
    alone. What `send` raises is told to every caller of that trip and, where the server is not
    reachable, to those who came meanwhile: they need not find out for themselves. `rest` comes
    after each trip: where there is no hurry, more gather for the next.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Item]], Sequence[Outcome | Exception]],
        *,
        rest: Callable[[], None] = lambda: None,
        timeout_seconds: float = 3.0,
        most: int = 512,
    ) -> None:
        self._send = send
        self._rest = rest
        self._timeout_seconds = timeout_seconds
        self._most = most
        self._arrivals: SimpleQueue[_PendingItem[Item, Outcome]] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def post(self, item: Item, settle: Callable[[Outcome | Exception], None]) -> None:
        """Send an item soon and return at once; `settle` must neither block nor raise."""
        self._arrivals.put((item, settle))
        if self._thread is None:
            self._start()

    def submit(self, item: Item) -> Outcome:
        """Send an item and return its outcome; raise QueueUnavailable when patience runs out."""
        settled = threading.Lock()
        settled.acquire()
        results: list[Outcome | Exception] = []

        def settle(outcome: Outcome | Exception) -> None:
            results.append(outcome)
            settled.release()

        self.post(item, settle)
        if not settled.acquire(timeout=self._timeout_seconds):
            raise QueueUnavailable("Redis did not answer in time")
        if isinstance(results[0], Exception):
            raise results[0]
        return results[0]

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="coalescer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._flush([self._arrivals.get(), *self._gather(self._most - 1)])
            self._rest()

    def _gather(self, most: int) -> "list[_PendingItem[Item, Outcome]]":
        tickets: list[_PendingItem[Item, Outcome]] = []
        with suppress(Empty):
            while len(tickets) < most:
                tickets.append(self._arrivals.get_nowait())
        return tickets

    def _flush(self, tickets: "list[_PendingItem[Item, Outcome]]") -> None:
        try:
            results = self._send([item for item, _ in tickets])
        except Exception as error:  # noqa: BLE001 - told to every caller of this trip
            if isinstance(error, QueueUnavailable):
                tickets += self._gather(self._arrivals.qsize())
            results = [error] * len(tickets)
        for (_, settle), outcome in zip(tickets, results, strict=True):
            settle(outcome)


_PendingItem = tuple[Item, Callable[[Outcome | Exception], None]]

"""Which request a user of the load generator sends next, and when."""

import itertools
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import gevent
import msgspec
import numpy as np
from gevent.event import AsyncResult, Event
from numpy.typing import NDArray

from infra.bench.load import LoadSpec, arrivals

Request = tuple[float, bytes]  # when it is due, and its body
now = time.perf_counter


class Loop(Protocol):
    """The source of requests. Times are seconds of `now`."""

    @property
    def taken(self) -> int:
        """Return how many requests were taken."""

    @property
    def offered(self) -> NDArray[np.float64]:
        """Return when all arrivals are due; empty in a closed loop."""

    def begin(self) -> float:
        """Let users begin; return the start time."""

    def next_request(self) -> Request | None:
        """Return a request once it is due, None after the last."""


class ClosedLoop:
    """Every user asks again as soon as it is answered."""

    def __init__(self, bodies: Iterator[bytes]) -> None:
        self.taken = 0
        self.offered = np.empty(0)
        self._bodies = bodies
        self._begun = Event()

    def begin(self) -> float:
        """Let users begin."""
        self._begun.set()
        return now()

    def next_request(self) -> Request:
        """Return a request that is due now."""
        self._begun.wait()
        self.taken += 1
        return now(), next(self._bodies)


class OpenLoop:
    """Requests arrive at fixed times; the user that became idle last sends them.

    So a few connections are busy all the time, as behind a proxy, and none idles for long.
    """

    def __init__(self, bodies: Iterator[bytes], times: NDArray[np.float64]) -> None:
        self.taken = 0
        self.offered = times
        self._bodies = bodies
        self._idle: list[AsyncResult[Request | None]] = []
        self._overdue: deque[Request] = deque()
        self._over = False

    def begin(self) -> float:
        """Let arrivals begin."""
        start = now() + 0.1
        self.offered = start + self.offered
        gevent.spawn(self._arrive)
        return start

    def next_request(self) -> Request | None:
        """Return the oldest request that is overdue, else wait for one."""
        if self._overdue:
            return self._overdue.popleft()
        if self._over:
            return None
        waiter: AsyncResult[Request | None] = AsyncResult()
        self._idle.append(waiter)
        request: Request | None = waiter.get()
        return request

    def _arrive(self) -> None:
        for due in self.offered.tolist():
            gevent.sleep(max(0.0, due - now()))
            self.taken += 1
            request = (due, next(self._bodies))
            if self._idle:
                self._idle.pop().set(request)
            else:
                self._overdue.append(request)
        self._over = True
        for waiter in self._idle:
            waiter.set(None)


def loop_of(spec: LoadSpec) -> Loop:
    """Return the loop that a load asks for."""
    bodies = _bodies(spec)
    if spec.rate is None:
        return ClosedLoop(bodies)
    return OpenLoop(bodies, arrivals(spec.rate, spec.warm_seconds + spec.seconds, spec.seed))


def _bodies(spec: LoadSpec) -> Iterator[bytes]:
    texts = msgspec.json.decode(Path(spec.messages).read_bytes(), type=list[str])
    bodies = [msgspec.json.encode({"message": text}) for text in texts]
    return itertools.islice(itertools.cycle(bodies), spec.first % len(bodies), None)

"""Round trips that many callers share."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.queue.coalescer import Coalescer
from shared.errors import QueueUnavailable


class Server:
    """Answer with the double of each number, one trip at a time, when the test allows it."""

    def __init__(self) -> None:
        self.trips: list[list[int]] = []
        self.errors: list[Exception] = []
        self.arrived = threading.Semaphore(0)
        self.answers = threading.Semaphore(0)

    def send(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.trips.append(list(numbers))
        self.arrived.release()
        assert self.answers.acquire(timeout=10)
        if self.errors:
            raise self.errors.pop()
        return [number * 2 if number >= 0 else ValueError(number) for number in numbers]


def collect(into: list[object]) -> Callable[[int | Exception], None]:
    return into.append


def test_what_arrives_during_a_trip_shares_the_next() -> None:
    server = Server()
    coalescer: Coalescer[int, int] = Coalescer(server.send)
    with ThreadPoolExecutor(4) as callers:
        first = callers.submit(coalescer.submit, 1)
        assert server.arrived.acquire(timeout=10)
        settled: list[object] = []
        for number in (2, 3, 4):
            coalescer.post(number, collect(settled))
        server.answers.release(2)
        assert server.arrived.acquire(timeout=10)
        server.answers.release()
        assert callers.submit(coalescer.submit, 5).result(10) == 10

    assert first.result(10) == 2
    assert server.trips[:2] == [[1], [2, 3, 4]]
    assert settled == [4, 6, 8]


def test_a_trip_has_a_largest_size() -> None:
    server = Server()
    coalescer: Coalescer[int, int] = Coalescer(server.send, most=2)
    server.answers.release(100)
    first = threading.Event()
    settled: list[object] = []

    def hold(_outcome: int | Exception) -> None:
        first.wait(10)

    coalescer.post(0, hold)
    for number in (1, 2, 3):
        coalescer.post(number, collect(settled))
    first.set()

    assert coalescer.submit(4) == 8
    assert max(len(trip) for trip in server.trips) == 2
    assert settled == [2, 4, 6]


def test_an_error_among_the_outcomes_is_for_its_caller_alone() -> None:
    server = Server()
    coalescer: Coalescer[int, int] = Coalescer(server.send)
    server.answers.release(2)

    with pytest.raises(ValueError, match="-1"):
        coalescer.submit(-1)
    assert coalescer.submit(1) == 2


def test_an_outage_is_told_to_those_who_came_meanwhile() -> None:
    server = Server()
    coalescer: Coalescer[int, int] = Coalescer(server.send)
    settled: list[object] = []
    told = threading.Event()
    outage = QueueUnavailable("down")
    server.errors = [outage]
    coalescer.post(1, collect(settled))
    assert server.arrived.acquire(timeout=10)
    coalescer.post(2, collect(settled))
    coalescer.post(3, lambda _outcome: told.set())
    server.answers.release(2)
    assert told.wait(10)

    assert coalescer.submit(4) == 8  # the next trip is tried again
    assert settled == [outage, outage]
    assert server.trips == [[1], [4]]


def test_any_other_failure_is_for_that_trip_alone() -> None:
    server = Server()
    coalescer: Coalescer[int, int] = Coalescer(server.send)
    settled: list[object] = []
    fault = RuntimeError("bug")
    server.errors = [fault]
    coalescer.post(1, collect(settled))
    assert server.arrived.acquire(timeout=10)
    coalescer.post(2, collect(settled))
    server.answers.release(3)

    assert coalescer.submit(3) == 6
    assert settled == [fault, 4]


def test_patience_ends() -> None:
    server = Server()
    coalescer: Coalescer[int, int] = Coalescer(server.send, timeout_seconds=0.01)

    with pytest.raises(QueueUnavailable, match="did not answer in time"):
        coalescer.submit(1)
    server.answers.release()


def test_what_arrives_during_a_rest_shares_the_next_trip() -> None:
    server = Server()
    resting, rested = threading.Event(), threading.Event()

    def rest() -> None:
        resting.set()
        assert rested.wait(timeout=10)

    coalescer: Coalescer[int, int] = Coalescer(server.send, rest=rest)
    server.answers.release(2)
    assert coalescer.submit(1) == 2
    assert resting.wait(timeout=10)
    settled: list[object] = []
    for number in (2, 3):
        coalescer.post(number, collect(settled))
    rested.set()
    for _ in range(2):
        assert server.arrived.acquire(timeout=10)
    assert server.trips == [[1], [2, 3]]

"""Round trips that many callers share."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.queue.coalescer import Coalescer
from shared.errors import QueueUnavailable


class Server:
    """Answer with the double of each number, one batch at a time, when the test allows it."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.errors: list[Exception] = []
        self.arrived = threading.Semaphore(0)
        self.answers = threading.Semaphore(0)

    def send(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(numbers))
        self.arrived.release()
        assert self.answers.acquire(timeout=10)
        if self.errors:
            raise self.errors.pop()
        return [number * 2 if number >= 0 else ValueError(number) for number in numbers]


def collect(into: list[object]) -> Callable[[int | Exception], None]:
    return into.append


def test_what_arrives_during_a_round_trip_shares_the_next() -> None:
    server = Server()
    coalescer: Coalescer[int, int] = Coalescer(server.send)
    with ThreadPoolExecutor(4) as callers:
        first = callers.submit(coalescer.submit, 1)
        assert server.arrived.acquire(timeout=10)
        resolved: list[object] = []
        for number in (2, 3, 4):
            coalescer.post(number, collect(resolved))
        server.answers.release(2)
        assert server.arrived.acquire(timeout=10)
        server.answers.release()
        assert callers.submit(coalescer.submit, 5).result(10) == 10

    assert first.result(10) == 2
    assert server.batches[:2] == [[1], [2, 3, 4]]
    assert resolved == [4, 6, 8]


def test_a_batch_has_a_largest_size() -> None:
    server = Server()
    coalescer: Coalescer[int, int] = Coalescer(server.send, max_batch=2)
    server.answers.release(100)
    first = threading.Event()
    resolved: list[object] = []

    def hold(_outcome: int | Exception) -> None:
        first.wait(10)

    coalescer.post(0, hold)
    for number in (1, 2, 3):
        coalescer.post(number, collect(resolved))
    first.set()

    assert coalescer.submit(4) == 8
    assert max(len(batch) for batch in server.batches) == 2
    assert resolved == [2, 4, 6]


def test_an_error_among_the_outcomes_is_for_its_caller_alone() -> None:
    server = Server()
    coalescer: Coalescer[int, int] = Coalescer(server.send)
    server.answers.release(2)

    with pytest.raises(ValueError, match="-1"):
        coalescer.submit(-1)
    assert coalescer.submit(1) == 2


def test_an_outage_is_reported_to_those_who_came_meanwhile() -> None:
    server = Server()
    coalescer: Coalescer[int, int] = Coalescer(server.send)
    resolved: list[object] = []
    reported = threading.Event()
    outage = QueueUnavailable("down")
    server.errors = [outage]
    coalescer.post(1, collect(resolved))
    assert server.arrived.acquire(timeout=10)
    coalescer.post(2, collect(resolved))
    coalescer.post(3, lambda _outcome: reported.set())
    server.answers.release(2)
    assert reported.wait(10)

    assert coalescer.submit(4) == 8  # the next batch is tried again
    assert resolved == [outage, outage]
    assert server.batches == [[1], [4]]


def test_any_other_failure_is_for_that_batch_alone() -> None:
    server = Server()
    coalescer: Coalescer[int, int] = Coalescer(server.send)
    resolved: list[object] = []
    fault = RuntimeError("bug")
    server.errors = [fault]
    coalescer.post(1, collect(resolved))
    assert server.arrived.acquire(timeout=10)
    coalescer.post(2, collect(resolved))
    server.answers.release(3)

    assert coalescer.submit(3) == 6
    assert resolved == [fault, 4]


def test_an_answer_that_is_late_is_not_waited_for() -> None:
    server = Server()
    coalescer: Coalescer[int, int] = Coalescer(server.send, timeout_seconds=0.01)

    with pytest.raises(QueueUnavailable, match="did not answer in time"):
        coalescer.submit(1)
    server.answers.release()


def test_what_arrives_while_it_lingers_shares_the_next_batch() -> None:
    server = Server()
    lingering, ended = threading.Event(), threading.Event()

    def linger() -> None:
        lingering.set()
        assert ended.wait(timeout=10)

    coalescer: Coalescer[int, int] = Coalescer(server.send, linger=linger)
    server.answers.release(2)
    assert coalescer.submit(1) == 2
    assert lingering.wait(timeout=10)
    resolved: list[object] = []
    for number in (2, 3):
        coalescer.post(number, collect(resolved))
    ended.set()
    for _ in range(2):
        assert server.arrived.acquire(timeout=10)
    assert server.batches == [[1], [2, 3]]

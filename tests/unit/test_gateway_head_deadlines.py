"""The time in which a request must begin: one timer for all connections."""

import socket
from collections.abc import Iterator

import gevent
import pytest

from gateway.head_deadlines import STEP_SECONDS, HeadDeadlines
from tests.fakes.clock import ManualClock

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    made = [socket.socketpair() for _ in range(3)]
    yield made
    for each in (end for pair in made for end in pair):
        each.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def deadlines(clock: ManualClock) -> HeadDeadlines:
    return HeadDeadlines(5, clock.monotonic, runs=False)


def test_who_sends_nothing_in_time_is_read_from_no_longer(
    deadlines: HeadDeadlines, clock: ManualClock, pairs: list[Pair]
) -> None:
    (late, _), (again, _), (done, client) = pairs
    for each in (late, again, done):
        deadlines.begin(each)
    clock.advance(4)
    deadlines.begin(again)
    assert deadlines.end(done)
    clock.advance(1)
    deadlines.cut_off()
    assert late.recv(1) == b""
    assert not deadlines.end(late)
    client.send(b"x")
    assert done.recv(1) == b"x"
    again.setblocking(False)
    with pytest.raises(BlockingIOError):
        again.recv(1)
    assert deadlines.end(again)


def test_a_connection_that_was_closed_meanwhile_stops_nothing(
    deadlines: HeadDeadlines, clock: ManualClock, pairs: list[Pair]
) -> None:
    (closed, _), (late, _), _ = pairs
    deadlines.begin(closed)
    deadlines.begin(late)
    closed.close()
    clock.advance(5)
    deadlines.cut_off()
    assert late.recv(1) == b""


def test_it_runs_while_there_is_anybody_to_wait_for(clock: ManualClock, pairs: list[Pair]) -> None:
    deadlines, ((late, _), (other, _), _) = HeadDeadlines(5, clock.monotonic), pairs
    for each in (late, other):
        deadlines.begin(each)
        clock.advance(5)
        gevent.sleep(1.2 * STEP_SECONDS)
        assert not deadlines.end(each)
        assert each.recv(1) == b""
        gevent.sleep(1.2 * STEP_SECONDS)

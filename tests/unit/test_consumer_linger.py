"""When the fetcher leases: at once while the engine is idle, else shortly before it is free."""

import threading
from dataclasses import dataclass, field

import pytest

from shared.jobs import ChatJob
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import FakeQueue
from workers.consumer.batching import BatchBuffer, BatchLimits
from workers.consumer.fetch import Fetcher
from workers.consumer.lease_queue import Lease
from workers.consumer.linger import (
    FIRST_PREPARE_SECONDS,
    LEAD_FACTOR,
    TONE_LINGER_SECONDS,
    EngineLinger,
    ToneLinger,
)
from workers.engines.cost import CostModel

COST = CostModel(base_seconds=0.0, token_seconds=1.0)


class WatchedEvent(threading.Event):
    """Record how long each wait would have been, and wait not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return self.is_set()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def free() -> WatchedEvent:
    return WatchedEvent()


@pytest.fixture
def linger(clock: ManualClock, free: WatchedEvent) -> EngineLinger:
    return EngineLinger(clock, COST, free)


def test_an_idle_engine_is_leased_for_at_once(linger: EngineLinger, free: WatchedEvent) -> None:
    linger.wait()
    assert free.waits == []


def test_a_busy_engine_is_leased_for_shortly_before_it_is_free(
    linger: EngineLinger, clock: ManualClock, free: WatchedEvent
) -> None:
    linger.begin(3)
    clock.advance(1.0)
    linger.wait()
    assert free.waits == [pytest.approx(2.0 - LEAD_FACTOR * FIRST_PREPARE_SECONDS)]
    clock.advance(2.0)
    linger.wait()
    assert len(free.waits) == 1


def test_an_engine_that_other_processes_slow_down_is_leased_for_later(
    linger: EngineLinger, clock: ManualClock, free: WatchedEvent
) -> None:
    for _ in range(50):
        linger.begin(1)
        clock.advance(3.0)
        linger.end()
    linger.begin(2)
    linger.wait()
    assert free.waits == [pytest.approx(6.0 - LEAD_FACTOR * FIRST_PREPARE_SECONDS, rel=0.01)]


def test_a_slow_fetcher_begins_earlier(linger: EngineLinger, free: WatchedEvent) -> None:
    for _ in range(50):
        linger.prepared(0.5)
    linger.begin(2)
    linger.wait()
    assert free.waits == [pytest.approx(2.0 - LEAD_FACTOR * 0.5, rel=0.01)]


def test_an_engine_that_is_done_early_ends_the_wait(clock: ManualClock) -> None:
    linger = EngineLinger(clock, COST)
    linger.begin(1_000)
    waiting_thread = threading.Thread(target=linger.wait, daemon=True)
    waiting_thread.start()
    linger.end()
    waiting_thread.join(20)
    assert not waiting_thread.is_alive()


def test_tones_linger_as_long_as_the_answers_that_wait_take_at_least() -> None:
    slept: list[float] = []
    waiting = [0, 5, 10_000]
    linger = ToneLinger(lambda: waiting.pop(0), slept.append)
    for _ in range(3):
        linger.wait()
    assert slept == [0.005, TONE_LINGER_SECONDS]


class CountingLinger:
    """A linger that counts."""

    def __init__(self) -> None:
        self.waits = 0

    def wait(self) -> None:
        self.waits += 1


@dataclass
class RecordingQueue(FakeQueue):
    """A queue that records what it is asked."""

    calls: list[str] = field(default_factory=list)

    def wait(self, timeout_seconds: float) -> None:
        self.calls.append("wait")

    def lease(self, limit: int) -> list[Lease]:
        self.calls.append("lease")
        return super().lease(limit)


class Harness:
    """A fetcher over a recording queue."""

    def __init__(self) -> None:
        self.queue, self.linger = RecordingQueue(), CountingLinger()
        buffer: BatchBuffer[ChatJob] = BatchBuffer(BatchLimits(8, 1_024), capacity=8)
        self.fetcher = Fetcher(self.queue, buffer, self.linger)

    def fetch(self) -> list[bytes]:
        return [lease.raw for lease in self.fetcher.fetch(lambda: False)]


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_the_fetcher_lingers_before_each_lease(harness: Harness) -> None:
    assert harness.fetch() == []
    harness.queue.push(b"one", b"two")
    assert harness.fetch() == [b"one", b"two"]
    assert harness.fetch() == []
    assert harness.linger.waits == harness.queue.calls.count("lease") == 4


def test_a_queue_that_gave_one_message_is_waited_for(harness: Harness) -> None:
    harness.queue.push(b"message")
    assert harness.fetch() == [b"message"]
    assert harness.fetch() == []
    assert harness.queue.calls == ["wait", "lease", "wait", "lease"]


def test_a_queue_that_gave_several_is_asked_again_at_once(harness: Harness) -> None:
    harness.queue.push(b"one", b"two")
    harness.fetch()
    harness.queue.push(b"three")
    assert harness.fetch() == [b"three"]
    assert harness.fetch() == []
    assert harness.queue.calls == ["wait", "lease", "lease", "lease", "wait", "lease"]

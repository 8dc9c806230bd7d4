"""When the intake leases: at once while the engine is idle, else shortly before it is free."""

import threading

import pytest

from shared.jobs import ChatJob
from tests.fakes.clock import ManualClock
from workers.consumer.batching import BatchLimits, Pool
from workers.consumer.fetch import Fetcher
from workers.consumer.lease_queue import Lease, QueueLimits
from workers.consumer.linger import (
    FIRST_PREPARE_SECONDS,
    LEAD_FACTOR,
    TONE_LINGER_SECONDS,
    EngineLinger,
    ToneLinger,
)
from workers.consumer.memory_lease import MemoryBroker
from workers.consumer.memory_queue import MemoryInferenceQueue
from workers.engines.cost import CostModel

COST = CostModel(base_seconds=0.0, token_seconds=1.0)


class WatchedEvent(threading.Event):
    """Note how long somebody would have waited, and wait no longer than until a test says so."""

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
def pace(clock: ManualClock) -> EngineLinger:
    made = EngineLinger(clock, COST)
    made._free = WatchedEvent()
    return made


def waits(pace: EngineLinger) -> list[float | None]:
    event = pace._free
    assert isinstance(event, WatchedEvent)
    return event.waits


def test_an_idle_engine_is_leased_for_at_once(pace: EngineLinger) -> None:
    pace.rest()
    assert waits(pace) == []


def test_a_busy_engine_is_leased_for_shortly_before_it_is_free(
    pace: EngineLinger, clock: ManualClock
) -> None:
    pace.begin(3)
    clock.advance(1.0)
    pace.rest()
    assert waits(pace) == [pytest.approx(2.0 - LEAD_FACTOR * FIRST_PREPARE_SECONDS)]
    clock.advance(2.0)
    pace.rest()
    assert len(waits(pace)) == 1


def test_an_engine_that_others_slow_down_is_leased_for_later(
    pace: EngineLinger, clock: ManualClock
) -> None:
    for _ in range(50):
        pace.begin(1)
        clock.advance(3.0)
        pace.end()
    pace.begin(2)
    pace.rest()
    assert waits(pace) == [pytest.approx(6.0 - LEAD_FACTOR * FIRST_PREPARE_SECONDS, rel=0.01)]


def test_a_slow_intake_begins_earlier(pace: EngineLinger) -> None:
    for _ in range(50):
        pace.prepared(0.5)
    pace.begin(2)
    pace.rest()
    assert waits(pace) == [pytest.approx(2.0 - LEAD_FACTOR * 0.5, rel=0.01)]


def test_an_engine_that_is_done_early_ends_the_rest(clock: ManualClock) -> None:
    pace = EngineLinger(clock, COST)
    pace.begin(1_000)
    resting = threading.Thread(target=pace.rest, daemon=True)
    resting.start()
    pace.end()
    resting.join(20)
    assert not resting.is_alive()


def test_tones_rest_as_long_as_the_answers_that_wait_take_at_least() -> None:
    slept: list[float] = []
    waiting = [0, 5, 10_000]
    pace = ToneLinger(lambda: waiting.pop(0), slept.append)
    for _ in range(3):
        pace.rest()
    assert slept == [0.005, TONE_LINGER_SECONDS]


class Counting:
    """A pace that counts."""

    def __init__(self) -> None:
        self.rests = 0

    def rest(self) -> None:
        self.rests += 1


class Watched(MemoryInferenceQueue):
    """A queue that notes what it is asked."""

    def __init__(self, broker: MemoryBroker) -> None:
        super().__init__(broker, "w", ManualClock(), QueueLimits())
        self.calls: list[str] = []

    def wait(self, timeout_seconds: float) -> None:
        self.calls.append("wait")

    def lease(self, limit: int) -> list[Lease]:
        self.calls.append("lease")
        return super().lease(limit)


def stand() -> tuple[MemoryBroker, Counting, Watched, Fetcher]:
    broker, pace = MemoryBroker(), Counting()
    queue = Watched(broker)
    pool: Pool[ChatJob] = Pool(BatchLimits(8, 1_024), capacity=8)
    return broker, pace, queue, Fetcher(queue, pool, pace)


def test_the_intake_rests_before_each_lease() -> None:
    broker, pace, queue, fetcher = stand()
    assert fetcher.lease(lambda: False) == []
    broker.queues["inference"].extendleft([b"one", b"two"])
    assert len(fetcher.lease(lambda: False)) == 2
    fetcher.lease(lambda: False)
    assert pace.rests == queue.calls.count("lease") == 4


def test_a_queue_that_gave_one_message_is_waited_for() -> None:
    broker, _, queue, fetcher = stand()
    broker.queues["inference"].appendleft(b"message")
    assert fetcher.lease(lambda: False) == [Lease(b"1", b"message")]
    assert fetcher.lease(lambda: False) == []
    assert queue.calls == ["wait", "lease", "wait", "lease"]


def test_a_queue_that_gave_several_is_asked_again_at_once() -> None:
    broker, _, queue, fetcher = stand()
    broker.queues["inference"].extendleft([b"one", b"two"])
    fetcher.lease(lambda: False)
    broker.queues["inference"].extendleft([b"three"])
    assert fetcher.lease(lambda: False) == [Lease(b"3", b"three")]
    assert fetcher.lease(lambda: False) == []
    assert queue.calls == ["wait", "lease", "lease", "lease", "wait", "lease"]

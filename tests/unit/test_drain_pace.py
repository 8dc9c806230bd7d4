"""When the intake leases: at once while the engine is idle, else shortly before it is free."""

import threading

import pytest

from shared.clock import ManualClock
from shared.jobs import ChatJob
from workers.drain.lease import Leaser
from workers.drain.memory_lease import MemoryBroker
from workers.drain.memory_queue import MemoryInferenceQueue
from workers.drain.pace import LEAD_SECONDS, TONE_REST_SECONDS, EnginePace, TonePace
from workers.drain.pack import BatchLimits, Pool
from workers.drain.port import Lease, QueueLimits
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
def pace(clock: ManualClock) -> EnginePace:
    made = EnginePace(clock, COST)
    made._free = WatchedEvent()
    return made


def waits(pace: EnginePace) -> list[float | None]:
    event = pace._free
    assert isinstance(event, WatchedEvent)
    return event.waits


def test_an_idle_engine_is_leased_for_at_once(pace: EnginePace) -> None:
    pace.rest()
    assert waits(pace) == []


def test_a_busy_engine_is_leased_for_shortly_before_it_is_free(
    pace: EnginePace, clock: ManualClock
) -> None:
    pace.begin(3)
    clock.advance(1.0)
    pace.rest()
    assert waits(pace) == [pytest.approx(2.0 - LEAD_SECONDS)]
    clock.advance(2.0)
    pace.rest()
    assert len(waits(pace)) == 1


def test_an_engine_that_is_done_early_ends_the_rest(clock: ManualClock) -> None:
    pace = EnginePace(clock, COST)
    pace.begin(1_000)
    resting = threading.Thread(target=pace.rest, daemon=True)
    resting.start()
    pace.end()
    resting.join(20)
    assert not resting.is_alive()


def test_tones_rest_only_while_answers_wait() -> None:
    slept: list[float] = []
    waiting = [True, False]
    pace = TonePace(lambda: waiting.pop(0), slept.append)
    pace.rest()
    pace.rest()
    assert slept == [TONE_REST_SECONDS]


class Counting:
    """A pace that counts."""

    def __init__(self) -> None:
        self.rests = 0

    def rest(self) -> None:
        self.rests += 1


def test_the_intake_rests_before_each_lease() -> None:
    broker, pace = MemoryBroker(), Counting()
    queue = MemoryInferenceQueue(broker, "w", ManualClock(), QueueLimits())
    pool: Pool[ChatJob] = Pool(BatchLimits(8, 1_024), capacity=8)
    leaser = Leaser(queue, pool, pace, most_at_once=8)
    assert leaser.lease(lambda: False) == []
    assert pace.rests == 2
    broker.queues["inference"].appendleft(b"message")
    assert leaser.lease(lambda: False) == [Lease(b"1", b"message")]
    assert pace.rests == 3

"""The pace of a worker of which many messages go past the engine."""

from typing import Any

import pytest

from shared.jobs import ChatJob
from tests.fakes.clock import ManualClock
from tests.fakes.consumer import FakeQueue, PoisonableEngine
from workers.consumer.batching import BatchBuffer, BatchLimits
from workers.consumer.context import WorkerContext
from workers.consumer.engine_loop import EngineLoop
from workers.consumer.fetch import Fetcher
from workers.consumer.linger import EngineLinger, NoLinger

LIMITS = BatchLimits(32, 1_024)


class FullFetcher(Fetcher[ChatJob, Any]):
    """Finds more than it can take, or nothing that it leaves."""

    is_full = True

    @property
    def likely_more(self) -> bool:
        return self.is_full


class Stand:
    def __init__(self) -> None:
        self.clock = ManualClock()
        buffer: BatchBuffer[ChatJob] = BatchBuffer(LIMITS, capacity=32)
        engine = PoisonableEngine()
        self.fetcher = FullFetcher(FakeQueue(), buffer, NoLinger())
        self.loop: EngineLoop[ChatJob] = EngineLoop(
            WorkerContext("w", clock=self.clock),
            *(engine, LIMITS, buffer, self.fetcher),
            *(EngineLinger(self.clock, engine.cost), lambda _batch: None),
        )

    def pass_by(self, messages: int, seconds: float) -> None:
        for _ in range(round(300 / seconds)):
            self.loop.passed(messages)
            self.clock.advance(seconds)


def test_messages_past_the_engine_make_a_pace_of_their_own() -> None:
    stand = Stand()
    stand.pass_by(32, 0.5)
    assert stand.loop.loaded_per_second() == pytest.approx(64, rel=0.05)


def test_messages_past_the_engine_while_nothing_waits_leave_the_pace_as_it_was() -> None:
    stand = Stand()
    expected = stand.loop.loaded_per_second()
    stand.fetcher.is_full = False
    stand.pass_by(1, 0.5)
    assert stand.loop.loaded_per_second() == expected

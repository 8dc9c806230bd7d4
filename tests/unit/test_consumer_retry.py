"""What a worker does while Redis is away: it tries on, ever more slowly, and says so once."""

import logging
from collections.abc import Iterator
from threading import Event

import pytest

from shared.connection import backoff_seconds
from shared.errors import QueueUnavailable
from workers.consumer.retry_policy import RetryPolicy


class Impatient(Event):
    """Note how long somebody would have waited, and wait not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return self.is_set()


def failing(times: int) -> Iterator[None]:
    for _ in range(times):
        yield None


def test_it_insists_until_the_queue_is_back_and_logs_the_outage_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    stopping = Impatient()
    retry_policy, faults = RetryPolicy(stopping), failing(9)

    def call() -> str:
        for _ in faults:
            raise QueueUnavailable("gone")
        return "done"

    assert retry_policy.retry_until_stopped(call) == "done"
    assert caplog.messages == ["the queue is unavailable: gone", "the queue is available again"]
    assert len(stopping.waits) == 9
    assert stopping.waits[0] <= 0.05
    assert 0.5 <= max(stopping.waits) <= 1.0


def test_it_gives_up_where_the_worker_stops() -> None:
    stopping = Impatient()
    stopping.set()

    def call() -> None:
        raise QueueUnavailable("gone")

    with pytest.raises(QueueUnavailable):
        RetryPolicy(stopping).retry_until_stopped(call)
    assert stopping.waits == []


@pytest.mark.parametrize("failures", [1, 2, 5, 1_000])
def test_pauses_double_up_to_a_bound_and_differ(failures: int) -> None:
    pauses = {backoff_seconds(failures, 2.0) for _ in range(50)}
    bound = min(2.0, 0.05 * 2 ** (min(failures, 20) - 1))
    assert len(pauses) > 10
    assert all(bound / 2 <= pause <= bound for pause in pauses)

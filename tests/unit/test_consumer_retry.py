"""What a worker does while Redis is down: it tries on, ever more slowly, and logs it once."""

import logging
from collections.abc import Callable
from threading import Event

import pytest
import redis

from shared.connection import backoff_seconds
from shared.errors import QueueUnavailable
from workers.consumer.failover import Failover
from workers.consumer.retry_policy import RetryPolicy


class ImpatientEvent(Event):
    """Record how long each wait would have been, and wait not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return self.is_set()


def failing(times: int) -> Callable[[str], str]:
    left = [redis.ConnectionError("refused")] * times

    def call(text: str) -> str:
        if left:
            raise left.pop()
        return text

    return call


def test_it_retries_until_redis_is_up_and_logs_the_outage_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    stopping = ImpatientEvent()
    assert RetryPolicy(stopping).until_stopped(failing(9), "done") == "done"
    assert caplog.messages == [
        "the queue is unavailable: Redis: refused",
        "the queue is available again",
    ]
    assert len(stopping.waits) == 9
    assert stopping.waits[0] <= 0.05
    assert 0.5 <= max(stopping.waits) <= 1.0


def test_it_gives_up_when_the_worker_stops() -> None:
    stopping = ImpatientEvent()
    stopping.set()
    with pytest.raises(QueueUnavailable, match="refused"):
        RetryPolicy(stopping).until_stopped(failing(1), "done")
    assert stopping.waits == []


def test_a_call_that_is_made_once_fails_at_once_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    retry, call = RetryPolicy(ImpatientEvent()), failing(1)
    with pytest.raises(QueueUnavailable, match="refused"):
        retry.once(call, "done")
    assert caplog.messages == ["the queue is unavailable: Redis: refused"]
    assert retry.once(call, "done") == "done"


@pytest.mark.parametrize("failures", [1, 2, 5, 1_000])
def test_pauses_double_up_to_a_bound_and_differ(failures: int) -> None:
    pauses = {backoff_seconds(failures, 2.0) for _ in range(50)}
    bound = min(2.0, 0.05 * 2 ** (min(failures, 20) - 1))
    assert len(pauses) > 10
    assert all(bound / 2 <= pause <= bound for pause in pauses)


def test_a_server_that_was_a_replica_is_a_failover_once_another_answers() -> None:
    failover = Failover()
    heard: list[str] = []
    failover.listen(lambda: heard.append("failover"))
    faults = [
        redis.ConnectionError("READONLY"),
        redis.ConnectionError("gone"),
        None,
    ]

    def call() -> str:
        if fault := faults.pop(0):
            raise fault
        return "done"

    retry = RetryPolicy(ImpatientEvent(), failover)
    for _ in range(2):
        with pytest.raises(QueueUnavailable):
            retry.once(call)
    assert heard == []
    assert retry.once(call) == "done"
    faults.append(None)
    assert retry.once(call) == "done"
    assert heard == ["failover"]

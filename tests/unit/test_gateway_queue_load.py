"""The seconds of work that wait on a queue, with and without workers."""

import pytest

from gateway.queue_load import ASSUMED_PER_SECOND, work_seconds
from shared import keys
from shared.worker_status import WorkerStatus

WAITING = {keys.INFERENCE: 100, keys.SENTIMENT: 0, keys.INFERENCE_LARGE: 0}


def worker(
    queue: str = keys.INFERENCE,
    per_second: float | None = 50.0,
    *,
    paused: bool = False,
    turned_away: float = 0.0,
) -> WorkerStatus:
    return WorkerStatus(
        "w", queue, "e", 1, "h", 0.0,
        paused=paused, loaded_per_second=per_second, looks_turned_away=turned_away,
    )  # fmt: skip


def test_the_live_workers_of_a_queue_share_its_messages() -> None:
    workers = [worker(), worker(per_second=150), worker(keys.SENTIMENT)]
    assert work_seconds(WAITING, workers) == {
        keys.INFERENCE: pytest.approx(0.5),
        keys.SENTIMENT: 0.0,
        keys.INFERENCE_LARGE: 0.0,
    }


@pytest.mark.parametrize("workers", [[], [worker(paused=True)], [worker(keys.SENTIMENT)]])
def test_what_waits_for_the_first_worker_is_work(workers: list[WorkerStatus]) -> None:
    assert work_seconds(WAITING, workers)[keys.INFERENCE] == 100 / ASSUMED_PER_SECOND


def test_a_worker_that_does_not_say_how_fast_it_is_counts() -> None:
    workers = [worker(per_second=None), worker(per_second=90.0)]
    assert work_seconds(WAITING, workers)[keys.INFERENCE] == 1.0


def test_second_looks_that_were_turned_away_are_work_for_large_workers() -> None:
    small = [worker(turned_away=20.0), worker(turned_away=10.0)]
    assert work_seconds(WAITING, small)[keys.INFERENCE_LARGE] == 30 / ASSUMED_PER_SECOND
    both = [*small, worker(keys.INFERENCE_LARGE, 60.0)]
    assert work_seconds(WAITING, both)[keys.INFERENCE_LARGE] == 0.5

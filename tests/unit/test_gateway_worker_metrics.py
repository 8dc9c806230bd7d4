"""What workers report, as /metrics shows it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from shared.histograms import BATCH_BOUNDS_MESSAGES, STAGE_BOUNDS_SECONDS, Histogram
from shared.worker_status import WorkerStatus
from tests.support.gateway_harness import GatewayHarness
from tests.support.metric_samples import samples

WORKER = WorkerStatus("w-1", "inference", "litert", 7, "host", 1.0, loaded_per_second=50.0)


def shown(
    *workers: WorkerStatus, waiting: int = 0
) -> Mapping[tuple[str, frozenset[tuple[str, str]]], float]:
    harness = GatewayHarness()
    harness.health.live = list(workers)
    harness.health.waiting["inference"] = waiting
    harness.health.oldest["inference"] = 2.5
    return samples(harness)


def test_stages_are_histograms_of_each_worker() -> None:
    counts = (0, 0, 3, *(0 for _ in STAGE_BOUNDS_SECONDS[3:]), 1)
    found = shown(replace(WORKER, stage_seconds={"engine": Histogram(counts, 12.5)}))
    labels = {"stage": "engine", "queue": "inference", "worker": "w-1"}

    def value(name: str, **more: str) -> float:
        return found[f"parley_stage_seconds_{name}", frozenset({**labels, **more}.items())]

    assert value("bucket", le="0.0025") == 0
    assert value("bucket", le="0.005") == 3
    assert value("bucket", le="10.0") == 3
    assert value("bucket", le="+Inf") == 4
    assert value("count") == 4
    assert value("sum") == 12.5


def test_batches_have_a_histogram() -> None:
    sizes = Histogram((1, *(0 for _ in BATCH_BOUNDS_MESSAGES[1:]), 2), 301.0)
    found = shown(replace(WORKER, batch_messages=sizes))
    labels = frozenset({("queue", "inference"), ("worker", "w-1")})
    assert found["parley_batch_messages_count", labels] == 3
    assert found["parley_batch_messages_sum", labels] == 301


def test_a_histogram_of_another_version_is_left_out() -> None:
    found = shown(replace(WORKER, stage_seconds={"engine": Histogram((1, 2), 0.1)}))
    assert not any(name.startswith("parley_stage_seconds") for name, _ in found)


def test_queues_have_an_age_and_seconds_of_work() -> None:
    found = shown(WORKER, waiting=100)
    assert found["parley_queue_oldest_seconds", frozenset({("queue", "inference")})] == 2.5
    work = found["parley_queue_work_seconds", frozenset({("queue", "inference")})]
    assert work == pytest.approx(2)

"""What the dashboard costs: of a sample and of a look at it, time; of a day of history, bytes.

    python -m infra.bench.history

On a scratch Redis with 10,000 messages that wait, four workers, and one tenant, 100 or 1,000.
"""

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, cast, get_args

import msgspec
import redis

from gateway.dashboard import sample
from gateway.dashboard.board import RANGES, Board
from gateway.dashboard.history import DAY_SECONDS, HOUR_SECONDS, RedisHistory
from gateway.dashboard.meter import Meter
from gateway.dashboard.observation import RedisObserver
from gateway.dashboard.sample import FORMAT, PoolSample, Sample
from gateway.dashboard.sampler import Sampler
from gateway.dashboard.tally import BUCKETS, LABELS
from gateway.dashboard.traffic_meter import TrafficMeter
from gateway.health import RedisHealth
from gateway.queue.handovers import RedisHandovers
from gateway.queue.traffic import RedisTraffic
from infra.harness.scratch_redis import ScratchRedis
from shared import keys
from shared.clock import SystemClock
from shared.connection import connect
from shared.counts import day_of
from shared.histograms import STAGE_BOUNDS_SECONDS, STAGES, Histogram
from shared.jobs import AnswerKind, ToneLabel
from shared.worker_status import WorkerStatus

_ROUNDS = 60
_WAITING = 10_000
_TENANTS = (1, 100, 1_000)
_HISTORY = (keys.DASHBOARD_SECONDS, keys.DASHBOARD_MINUTES, keys.DASHBOARD_LIVE)
_chance = Random(1)  # noqa: S311 - makes figures up


def main() -> None:
    """Measure all of it and print it as JSON."""
    report: dict[str, object] = {}
    with (
        tempfile.TemporaryDirectory(prefix="parley-history-") as folder,
        ScratchRedis(Path(folder)) as server,
        redis.Redis.from_url(server.url) as client,
    ):
        _fill_history(client)
        report["bytes"] = {name: client.memory_usage(name, samples=0) for name in _HISTORY[:2]}
        board = Board(RedisHistory(connect(server.url)), SystemClock())
        report["look_ms"] = {of: _timed(client, partial(board.read, of, None)) for of in RANGES}
        since = time.time() - 5
        report["look_again_ms"] = _timed(client, lambda: board.read("24h", since))
        client.rpush(keys.INFERENCE, *[b"{}" + b"x" * 500] * _WAITING)
        report["sample_ms"] = {
            tenants: _cost_of_samples(server.url, client, tenants) for tenants in _TENANTS
        }
    print(json.dumps(report, indent=2))


def _cost_of_samples(url: str, client: "redis.Redis", tenants: int) -> Mapping[str, float]:
    clock, connected = SystemClock(), connect(url)
    _fill_counts(client, tenants)
    _report_workers(client)
    traffic = RedisTraffic(connected, clock)
    observer = RedisObserver(
        [connected],
        RedisHealth(connected),
        RedisHandovers(connected, clock, DAY_SECONDS),
        traffic,
        clock,
    )
    sampler = Sampler(
        f"bench-{tenants}", RedisHistory(connected), observer, Meter(TrafficMeter(traffic)), clock
    )
    client.delete(keys.DASHBOARD_SAMPLER)
    sampler.sample_once()
    return _timed(client, sampler.sample_once)


def _timed(client: "redis.Redis", call: Callable[[], object]) -> Mapping[str, float]:
    """Return the processor time of a call: of this process, and what Redis says of its commands."""
    call()
    client.config_resetstat()
    began = time.process_time()
    for _ in range(_ROUNDS):
        call()
    seconds = time.process_time() - began
    stats = cast("Mapping[str, Mapping[str, float]]", client.info("commandstats"))
    in_redis = sum(each["usec"] for name, each in stats.items() if "config" not in name)
    return {
        "gateway": round(1e3 * seconds / _ROUNDS, 2),
        "redis": round(in_redis / 1e3 / _ROUNDS, 2),
    }


def _fill_history(client: "redis.Redis") -> None:
    now = int(time.time()) // 60 * 60
    for name, step, span in (
        (keys.DASHBOARD_SECONDS, sample.SAMPLE_SECONDS, HOUR_SECONDS),
        (keys.DASHBOARD_MINUTES, sample.MINUTE_SECONDS, DAY_SECONDS),
    ):
        ends = range(now - span + step, now + 1, step)
        client.rpush(name, *[sample.encode(_sample(at, step)) for at in ends])


def _sample(at: int, step: int) -> Sample:
    """Return a sample of a busy system: no number is so small that it takes one byte."""
    messages = step * _chance.randint(80, 160)
    pool = PoolSample(
        _chance.randint(0, 400), 0.7, 2, messages, messages // 9, step * 0.63, step * 2.0
    )
    return Sample(
        format=FORMAT,
        at=at,
        seconds=float(step),
        arrivals=messages,
        counts=tuple(_chance.randint(0, messages) for _ in LABELS),
        pools=(pool,) * len(keys.QUEUES),
        stages=tuple(
            tuple(_chance.randint(0, messages) for _ in range(len(STAGE_BOUNDS_SECONDS) + 1))
            for _ in sample.STAGES
        ),
        looks=(messages // 9, messages // 10, messages // 11),
        handovers_open=12,
        handovers_claimed=3,
        dead_letters=0,
    )


def _fill_counts(client: "redis.Redis", tenants: int) -> None:
    names = ["default", *(f"tenant-{number}" for number in range(1, tenants))]
    fields: Mapping[str, str] = dict.fromkeys(_fields(), "1000")
    for tenant in names:
        client.hset(
            keys.counts(day_of(time.time()), tenant), mapping=cast("dict[Any, Any]", fields)
        )
    if tenants > 1:
        client.sadd(keys.TENANTS, *names[1:])


def _fields() -> list[str]:
    """Return the fields of a day with two encoders, as shared/counts.py names them."""
    found = [f"failure={state}" for state in ("failed", "expired", "cancelled")]
    for encoder in ("small", "large"):
        segment = f"variant=bert|encoder={encoder}"
        found += [
            f"{segment}|kind={kind}|tone={tone}|reask={reask}|again=0|handover=none"
            for kind, tone, reask in product(get_args(AnswerKind), get_args(ToneLabel), (0, 1))
        ]
        found += [
            f"{segment}|ms={bound}|confidence={tenth}"
            for bound, tenth in product(BUCKETS[:10], range(10))
        ]
        found += [f"{segment}|total_ms", *(f"{segment}|score={score}" for score in range(1, 6))]
    return found


def _report_workers(client: "redis.Redis") -> None:
    counters = dict.fromkeys(("messages", "batches", "engine_seconds", "answered"), 100000.0)
    observed = Histogram((1_000,) * (len(STAGE_BOUNDS_SECONDS) + 1), 1.0)
    for number in range(4):
        queue = keys.QUEUES[number % 2]
        status = WorkerStatus(
            f"{queue}@{number}", queue, "litert-int8", 1, "host", 1.0, counters,
            stage_seconds=dict.fromkeys(STAGES, observed),
        )  # fmt: skip
        client.zadd(keys.workers(queue), {status.id: time.time()})
        client.set(keys.worker(status.id), msgspec.json.encode(status))


if __name__ == "__main__":
    main()

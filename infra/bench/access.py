"""What keys and rate limits cost a message: in the gateway, and in the call that queues it.

    python -m infra.bench.access

Best of some rounds in the gateway, medians of interleaved rounds in Redis, in microseconds; no HTTP
and no model. The gateway's figures are of all that runs before and after a route.
"""

import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import redis

from gateway.app import create_app
from gateway.queue.publisher import EnqueueLimits, EnqueueRequest, RedisPublisher
from gateway.queue.rate_limiter import Bucket, Charge
from gateway.rate_limits import take_pending_charge
from gateway.settings import GatewaySettings
from gateway.wsgi import connect_dependencies
from infra.harness.scratch_redis import ScratchRedis
from shared.api_keys import ApiKey, digest_of, new_key
from shared.jobs import ChatJob
from shared.key_store import RedisKeyStore
from shared.partitions import one_partition
from shared.rate_limits import RateLimit
from shared.settings import load

_CALLS = 3_000
_ROUNDS = 5
_JOBS = 1_024
_LIMIT = RateLimit(10_000, 100_000)
_LIMITS = EnqueueLimits(10**9, job_ttl_seconds=600, lane_ttl_seconds=600, max_wait_seconds=10**9)


def main() -> None:
    """Measure both and print them as JSON."""
    with (
        tempfile.TemporaryDirectory(prefix="parley-access-") as folder,
        ScratchRedis(Path(folder)) as server,
        redis.Redis.from_url(server.url) as client,
    ):
        report = {"gateway": measure_gateway(client), "enqueue": measure_enqueue(client)}
    print(json.dumps(report, indent=2))


def measure_gateway(client: "redis.Redis") -> dict[str, float]:
    """Return the microseconds of all that surrounds a route, by what is asked and limited."""
    found = {}
    for keyed in (False, True):
        key_id, key = new_key()
        if keyed:
            RedisKeyStore(client).create(digest_of(key), ApiKey(key_id))
        for limit in ("none", "10000/s"):
            name = f"{'key' if keyed else 'no key'}, {'limit' if limit != 'none' else 'no limit'}"
            headers = {"Authorization": f"Bearer {key}"}
            found[name] = _hook_microseconds(client, headers, limit)
    return found


def _hook_microseconds(client: "redis.Redis", headers: dict[str, str], limit: str) -> float:
    settings = load(GatewaySettings, rate_limit=limit)
    dependencies = connect_dependencies(one_partition(client), settings)
    cast("Any", dependencies.feed).stop()
    app = create_app(dependencies, settings)

    def surround() -> None:
        app.preprocess_request()
        charge = take_pending_charge()
        if charge:
            charge.record([(1, 1)])
        app.process_response(response)

    with app.test_request_context("/chat", method="POST", headers=headers):
        response = app.make_response("")
        return round(min(_seconds(surround) for _ in range(_ROUNDS)) / _CALLS * 1e6, 1)


def _seconds(call: Callable[[], None]) -> float:
    begun = time.perf_counter()
    for _ in range(_CALLS):
        call()
    return time.perf_counter() - begun


def measure_enqueue(client: "redis.Redis") -> dict[str, float]:
    """Return Redis's microseconds for a message in a call of its own, by its buckets."""
    rounds: dict[int, list[float]] = {0: [], 1: [], 2: []}
    for _ in range(_ROUNDS):
        for buckets, took in rounds.items():
            took.append(_script_microseconds(client, buckets))
    return {f"{n} buckets": round(statistics.median(took), 1) for n, took in rounds.items()}


def _script_microseconds(client: "redis.Redis", buckets: int) -> float:
    client.flushall()
    numbers = itertools.count()
    publisher = RedisPublisher(client, _LIMITS, take_charge=lambda: _charge(next(numbers), buckets))
    publisher.submit(_request(0))
    client.config_resetstat()
    for number in range(1, _JOBS):
        publisher.submit(_request(number))
    spent = client.info("commandstats")["cmdstat_evalsha"]["usec"]
    return float(spent) / (_JOBS - 1)


def _charge(number: int, buckets: int) -> Charge | None:
    both: Sequence[Bucket] = (
        Bucket("key", f"k{number % 10}", _LIMIT),
        Bucket("address", f"a{number % 100}", _LIMIT),
    )
    return Charge(both[:buckets]) if buckets else None


def _request(number: int) -> EnqueueRequest:
    return EnqueueRequest.of(
        ChatJob(f"job-{number}", "Where is my parcel?", f"talk-{number}", time.time())
    )


if __name__ == "__main__":
    main()

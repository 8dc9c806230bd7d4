"""The systems that are measured, each as services to start on free ports."""

import dataclasses
import sys
from collections.abc import Callable, Mapping

from infra.bench.mosec import MOSEC, mosec, prepare_mosec
from infra.harness.systems import Allocation, System, parley
from infra.supervisor.embedded_redis import server_command
from infra.supervisor.probes import HttpProbe, RedisProbe
from infra.supervisor.service import Service

_NO_LIMIT = "10000/s"  # never reached
_GEVENT = ("--worker-class", "gevent", "--worker-connections", "10000")
MakeSystem = Callable[[Allocation], System]


def whole_stack(allocation: Allocation) -> System:
    """Return Parley as users run it, tone and Flower included."""
    return parley("parley", allocation)


def small_alone(allocation: Allocation) -> System:
    """Return the stack without second looks, whatever is built."""
    return parley(SMALL, allocation, encoder="small")


def no_monitoring(allocation: Allocation) -> System:
    """Return the stack without task events and without Flower: what monitoring costs."""
    system = parley(NO_MONITORING, allocation, {"PARLEY_TASK_EVENTS": "off"})
    services = tuple(service for service in system.services if service.name != "flower")
    return dataclasses.replace(system, services=services)


def guarded(allocation: Allocation) -> System:
    """Return the stack with a key asked for and two buckets to take from: what that costs."""
    key = "a-key-of-the-benchmark-alone"
    asked = {
        "PARLEY_API_KEYS": key,
        "PARLEY_RATE_LIMIT": _NO_LIMIT,
        "PARLEY_ADDRESS_RATE_LIMIT": _NO_LIMIT,
    }
    return dataclasses.replace(parley(GUARDED, allocation, asked), api_key=key)


def scaled(workers: int) -> MakeSystem:
    """Return the stack with this number of inference workers, whose engine sleeps, not computes.

    In batches of two, so that workers and not this machine's processors set the pace.
    """

    def system(allocation: Allocation) -> System:
        name, simulated = f"scale-{workers}", {"PARLEY_ENGINE": "simulated"}
        return parley(name, allocation, simulated, {"PARLEY_MAX_BATCH": "2"}, workers)

    return system


def tutorial(allocation: Allocation) -> System:
    """Return a synchronous Flask app that calls the SavedModel: one process a processor."""
    options = ("--worker-class", "sync", "--workers", str(allocation.processors))
    return System("tutorial", allocation.url, (_gunicorn(allocation, "tutorial", options),))


def stock(allocation: Allocation) -> System:
    """Return Flask and Celery as they come, the same Redis between them."""
    redis_folder = allocation.folder / "redis"
    redis_folder.mkdir(parents=True)
    redis = Service(
        "redis",
        server_command(allocation.redis_port, redis_folder),
        RedisProbe(allocation.redis_url),
    )
    pool = ("--pool", "prefork", "--concurrency", str(allocation.processors))
    worker = Service(
        "worker",
        (
            *(sys.executable, "-m", "celery", "-A", "infra.bench.baselines.stock"),
            *("worker", *pool, "--loglevel", "WARNING"),
        ),
        environment=_environment(allocation),
        after=("redis",),
    )
    gateway = _gunicorn(allocation, "stock", _GEVENT, after=("redis",))
    return System("stock", allocation.url, (redis, worker, gateway))


def echo(allocation: Allocation) -> System:
    """Return a Flask app that answers at once: what HTTP alone costs."""
    return System("echo", allocation.url, (_gunicorn(allocation, "echo", _GEVENT),))


STANDARD: Mapping[str, MakeSystem] = {
    "parley": whole_stack,
    "tutorial": tutorial,
    "stock": stock,
    MOSEC: mosec,
    "echo": echo,
}
# What must be done before a system can be made; PeerUnavailable if it cannot be.
PREPARATIONS: Mapping[str, Callable[[Allocation], None]] = {MOSEC: prepare_mosec}
NO_MONITORING = "no-monitoring"
GUARDED = "guarded"
SMALL = "small"
SERVED: Mapping[str, MakeSystem] = {
    **STANDARD,
    SMALL: small_alone,
    NO_MONITORING: no_monitoring,
    GUARDED: guarded,
    **{f"scale-{workers}": scaled(workers) for workers in (1, 2, 4, 8)},
}


def _gunicorn(
    allocation: Allocation, module: str, options: tuple[str, ...], after: tuple[str, ...] = ()
) -> Service:
    return Service(
        name="gateway",
        command=(
            *(sys.executable, "-m", "gunicorn", "--no-control-socket", *options),
            *("--bind", f"127.0.0.1:{allocation.http_port}", "--timeout", "120"),
            f"infra.bench.baselines.{module}:create()",
        ),
        probe=HttpProbe(f"{allocation.url}/healthz"),
        environment=_environment(allocation),
        after=after,
        stop_seconds=15.0,
    )


def _environment(allocation: Allocation) -> dict[str, str]:
    return {
        "PARLEY_DATA_DIR": str(allocation.folder),
        "PARLEY_MODEL_DIR": str(allocation.model_folder),
        "PARLEY_REDIS_PORT": str(allocation.redis_port),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OPENBLAS_NUM_THREADS": "1",  # more of them fight for the processors over tiny products
    }

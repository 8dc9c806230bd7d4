"""The systems that are measured, each as parts to start on free ports."""

import dataclasses
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.stack.embedded_redis import server_command
from infra.stack.part import Part
from infra.stack.plan import plan_parts
from infra.stack.probes import HttpProbe, RedisProbe
from infra.stack.settings import StackSettings
from shared import keys
from shared.settings import load

_NOTHING: Mapping[str, str] = {}
CACHES_OFF = {"PARLEY_PHRASE_CACHE": "0", "PARLEY_VECTOR_CACHE": "0"}


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a system may stand: three free ports, an empty folder, the model, the processors."""

    http_port: int
    redis_port: int
    flower_port: int
    folder: Path
    model_folder: Path
    processors: int
    caches: bool = False

    @property
    def url(self) -> str:
        """Return the address that is asked."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def redis_url(self) -> str:
        """Return the address of the system's own Redis."""
        return f"redis://127.0.0.1:{self.redis_port}/0"


@dataclass(frozen=True, slots=True)
class System:
    """A system that answers POST /chat.

    It serves once `ready_path` answers 200 and, where workers send heartbeats to `redis_url`, so
    many inference workers live.
    """

    name: str
    url: str
    parts: tuple[Part, ...]
    ready_path: str = "/healthz"
    redis_url: str | None = None
    inference_workers: int = 1


def free_ports(count: int) -> list[int]:
    """Return different ports that nothing listens on now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def parley(ground: Ground) -> System:
    """Return the whole stack, tone and Flower included."""
    return parley_as("parley", ground)


def unseen(ground: Ground) -> System:
    """Return the stack without task events and without Flower: what monitoring costs."""
    system = parley_as("unseen", ground, {"PARLEY_TASK_EVENTS": "off"})
    parts = tuple(part for part in system.parts if part.name != "flower")
    return dataclasses.replace(system, parts=parts)


def scaled(workers: int) -> Callable[[Ground], System]:
    """Return the stack with so many inference workers whose engine sleeps in place of computing.

    In batches of two, so that workers and not this machine's processors set the pace.
    """

    def system(ground: Ground) -> System:
        name, simulated = f"scale-{workers}", {"PARLEY_ENGINE": "simulated"}
        return parley_as(name, ground, simulated, {"PARLEY_MAX_BATCH": "2"}, workers)

    return system


def parley_as(
    name: str,
    ground: Ground,
    environment: Mapping[str, str] = _NOTHING,
    inference_environment: Mapping[str, str] = _NOTHING,
    workers: int = 1,
) -> System:
    """Return the whole stack under another name, all parts or inference alone set otherwise."""
    settings = load(
        StackSettings,
        http_host="127.0.0.1",
        http_port=ground.http_port,
        redis_url=None,
        redis_port=ground.redis_port,
        flower_port=ground.flower_port,
        data_dir=ground.folder,
        model_dir=ground.model_folder,
        inference_workers=workers,
    )
    settings.redis_folder.mkdir(parents=True)
    common = {**({} if ground.caches else CACHES_OFF), **environment}
    inference = {**common, **inference_environment}
    parts = tuple(
        dataclasses.replace(
            part,
            environment={
                **part.environment,
                **(inference if part.name.startswith(keys.INFERENCE) else common),
            },
        )
        for part in plan_parts(settings)
    )
    return System(name, ground.url, parts, "/readyz", ground.redis_url, workers)


def tutorial(ground: Ground) -> System:
    """Return a synchronous Flask app that calls the SavedModel: one process a processor."""
    how = ("--worker-class", "sync", "--workers", str(ground.processors))
    return System("tutorial", ground.url, (_gunicorn(ground, "tutorial", how),))


def stock(ground: Ground) -> System:
    """Return Flask and Celery as they come, the same Redis between them."""
    redis_folder = ground.folder / "redis"
    redis_folder.mkdir(parents=True)
    redis = Part(
        "redis",
        server_command(ground.redis_port, redis_folder),
        RedisProbe(ground.redis_url),
    )
    pool = ("--pool", "prefork", "--concurrency", str(ground.processors))
    worker = Part(
        "worker",
        (
            *(sys.executable, "-m", "celery", "-A", "infra.bench.baselines.stock"),
            *("worker", *pool, "--loglevel", "WARNING"),
        ),
        environment=_environment(ground),
        after=("redis",),
    )
    gateway = _gunicorn(ground, "stock", _GEVENT, after=("redis",))
    return System("stock", ground.url, (redis, worker, gateway))


def echo(ground: Ground) -> System:
    """Return a Flask app that answers at once: what HTTP alone costs."""
    return System("echo", ground.url, (_gunicorn(ground, "echo", _GEVENT),))


STANDARD: Mapping[str, Callable[[Ground], System]] = {
    "parley": parley,
    "tutorial": tutorial,
    "stock": stock,
    "echo": echo,
}
SERVED = {
    **STANDARD,
    "unseen": unseen,
    **{f"scale-{workers}": scaled(workers) for workers in (1, 2, 4, 8)},
}
_GEVENT = ("--worker-class", "gevent", "--worker-connections", "10000")


def _gunicorn(
    ground: Ground, module: str, how: tuple[str, ...], after: tuple[str, ...] = ()
) -> Part:
    return Part(
        name="gateway",
        command=(
            *(sys.executable, "-m", "gunicorn", "--no-control-socket", *how),
            *("--bind", f"127.0.0.1:{ground.http_port}", "--timeout", "120"),
            f"infra.bench.baselines.{module}:create()",
        ),
        probe=HttpProbe(f"{ground.url}/healthz"),
        environment=_environment(ground),
        after=after,
        stop_seconds=15.0,
    )


def _environment(ground: Ground) -> dict[str, str]:
    return {
        "PARLEY_DATA_DIR": str(ground.folder),
        "PARLEY_MODEL_DIR": str(ground.model_folder),
        "PARLEY_REDIS_PORT": str(ground.redis_port),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OPENBLAS_NUM_THREADS": "1",  # more of them fight for the processors over tiny products
    }

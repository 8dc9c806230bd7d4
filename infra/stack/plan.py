"""Which parts a stack has and how each is started."""

import signal
import sys

from infra.stack.embedded_redis import server_command
from infra.stack.part import Part
from infra.stack.probes import HeartbeatProbe, HttpProbe, RedisProbe
from infra.stack.settings import StackSettings
from shared import keys

REDIS = "redis"
_HUNG_SECONDS = 30.0
# gunicorn itself gives the longest wait and 5 s more (gateway/gunicorn_conf.py).
_GATEWAY_ENDS_SECONDS = 10.0
# Where processors are short: tones may lag behind answers a little, and who watches behind both.
_TONE_NICENESS = 5
_WATCHER_NICENESS = 10


def plan_parts(settings: StackSettings) -> list[Part]:
    """Return the parts in the order they start; they stop the other way round.

    The gateway comes after the workers, so that on the way down it takes no more messages while
    workers still answer those it has.
    """
    parts = [] if settings.redis_url else [_redis(settings)]
    after = tuple(part.name for part in parts)
    environment = _environment(settings)
    workers = [
        _worker(settings, keys.INFERENCE, number + 1, environment, after)
        for number in range(settings.inference_workers)
    ]
    workers.append(_worker(settings, keys.SENTIMENT, 1, environment, after))
    return [*parts, *workers, _gateway(settings, environment, after), _flower(settings, after)]


def _environment(settings: StackSettings) -> dict[str, str]:
    """Return what every part must agree on, free of the folder it is started in."""
    shared = {
        "PARLEY_DATA_DIR": str(settings.data_folder),
        "PARLEY_MODEL_DIR": str(settings.model_folder),
        "PARLEY_REDIS_PORT": str(settings.redis_port),
        "PARLEY_HTTP_PORT": str(settings.http_port),
    }
    return shared | ({"PARLEY_REDIS_URL": settings.redis_url} if settings.redis_url else {})


def _redis(settings: StackSettings) -> Part:
    return Part(
        name=REDIS,
        command=server_command(settings.redis_port, settings.redis_folder),
        probe=RedisProbe(settings.redis_address),
        orphan_signal=signal.SIGTERM,
        stop_seconds=30.0,  # it writes out its file
        hung_seconds=_HUNG_SECONDS,
    )


def _worker(
    settings: StackSettings,
    queue: str,
    number: int,
    environment: dict[str, str],
    after: tuple[str, ...],
) -> Part:
    name = queue if number == 1 else f"{queue}-{number}"
    return Part(
        name=name,
        command=(*_celery(), "worker", "-Q", queue, "-n", f"{name}@%h"),
        probe=HeartbeatProbe(settings.redis_address, queue),
        environment=environment,
        after=after,
        stop_seconds=30.0,
        # Where Redis is somebody else's, its silence cannot be told from the worker's.
        hung_seconds=_HUNG_SECONDS if REDIS in after else None,
        niceness=_TONE_NICENESS if queue == keys.SENTIMENT else 0,
    )


def _gateway(settings: StackSettings, environment: dict[str, str], after: tuple[str, ...]) -> Part:
    return Part(
        name="gateway",
        command=(
            *(sys.executable, "-m", "gunicorn"),
            *("gateway.wsgi:create()", "-c", "python:gateway.gunicorn_conf"),
        ),
        probe=HttpProbe(f"{settings.gateway_url}/healthz"),
        environment=environment,
        after=after,
        stop_seconds=settings.wait_seconds + _GATEWAY_ENDS_SECONDS,
    )


def _flower(settings: StackSettings, after: tuple[str, ...]) -> Part:
    """Return Flower; its password goes through the environment, where `ps` does not show it.

    Flower itself keeps its HTTP API closed until a login is set: any web page that is open on this
    machine could otherwise stop workers through it.
    """
    secret = settings.flower_basic_auth
    return Part(
        name="flower",
        command=(
            *(*_celery(), "flower", "--address=127.0.0.1"),
            *(f"--port={settings.flower_port}", "--persistent=False"),
        ),
        probe=HttpProbe(f"{settings.flower_url}/healthcheck"),
        environment=_environment(settings) | ({"FLOWER_BASIC_AUTH": secret} if secret else {}),
        after=after,
        niceness=_WATCHER_NICENESS,
    )


def _celery() -> tuple[str, ...]:
    return (sys.executable, "-m", "celery", "-A", "workers.celery_app")

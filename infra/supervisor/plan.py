"""Which services a stack has and how each is started."""

import signal
import sys

from infra.supervisor.embedded_redis import server_command
from infra.supervisor.paths import absolute_paths, with_absolute_files
from infra.supervisor.probes import HeartbeatProbe, HttpProbe, RedisProbe
from infra.supervisor.service import Service
from infra.supervisor.settings import StackSettings
from shared import keys
from workers.encoder_choice import chosen_encoder

REDIS = "redis"
LANGUAGE_MODEL = "llm"
_HUNG_SECONDS = 30.0
# gunicorn itself gives the longest wait and 5 s more (gateway/gunicorn_conf.py).
_GATEWAY_STOP_SECONDS = 10.0
# If processors are short, tones may lag behind answers a little, and Flower behind both. Second
# looks get what is left over.
_NICENESS = {keys.SENTIMENT: 5, keys.GENERATION: 5, keys.INFERENCE_LARGE: 15}
_FLOWER_NICENESS = 10
# Redis forks to rewrite its file: seconds of a processor, for which no message is to wait.
_REWRITE_NICENESS = 10
# The model writes for seconds on all the threads that it has; a message is decided in milliseconds.
_LANGUAGE_MODEL_NICENESS = 10


def plan_services(settings: StackSettings) -> list[Service]:
    """Return the services in the order they start; they stop in reverse.

    The gateway comes after the workers, so that on the way down it takes no more messages while
    workers still answer those it has.
    """
    services = [] if settings.redis_url else [_redis(settings)]
    after = tuple(service.name for service in services)
    environment = _environment(settings)
    workers = [
        _worker(settings, keys.INFERENCE, number + 1, environment, after)
        for number in range(settings.inference_workers)
    ]
    if chosen_encoder(settings) == "cascade":
        workers.append(_worker(settings, keys.INFERENCE_LARGE, 1, environment, after))
    workers.append(_worker(settings, keys.SENTIMENT, 1, environment, after))
    voice = _voice(settings, environment, after)
    rest = (_gateway(settings, environment, after), _flower(settings, after))
    return [*services, *workers, *voice, *rest]


def _environment(settings: StackSettings) -> dict[str, str]:
    """Return the settings that all services share; paths are absolute, for they run elsewhere."""
    shared = {
        **absolute_paths(settings),
        "PARLEY_DATA_DIR": str(settings.data_folder),
        "PARLEY_MODEL_DIR": str(settings.model_folder),
        "PARLEY_ENCODER": chosen_encoder(settings),
        "PARLEY_REDIS_PORT": str(settings.redis_port),
        "PARLEY_HTTP_PORT": str(settings.http_port),
    }
    if settings.redis_url:
        shared["PARLEY_REDIS_URL"] = with_absolute_files(settings.redis_url)
    if settings.llm_address:
        shared["PARLEY_LLM_URL"] = settings.llm_address
    if settings.serves_language_model:  # what is asked beyond its slots would wait in the server
        places = min(settings.llm_max_places, settings.llm_slots)
        shared["PARLEY_LLM_MAX_PLACES"] = str(places)
    return shared


def _redis(settings: StackSettings) -> Service:
    return Service(
        name=REDIS,
        command=server_command(settings.redis_port, settings.redis_folder),
        probe=RedisProbe(settings.redis_address),
        orphan_signal=signal.SIGTERM,
        stop_seconds=30.0,  # it writes out its file
        child_niceness=_REWRITE_NICENESS,
        hung_seconds=_HUNG_SECONDS,
    )


def _voice(
    settings: StackSettings, environment: dict[str, str], after: tuple[str, ...]
) -> list[Service]:
    """Return what puts answers into a language model's words, the model first if it is ours."""
    if not settings.has_voice:
        return []
    model = [_language_model(settings, environment)] if settings.serves_language_model else []
    after = (*after, *(service.name for service in model))
    return [*model, _worker(settings, keys.GENERATION, 1, environment, after)]


def _language_model(settings: StackSettings, environment: dict[str, str]) -> Service:
    own = {"PARLEY_LLM_HOST": "127.0.0.1", "PARLEY_LLM_PORT": str(settings.llm_port)}
    return Service(
        name=LANGUAGE_MODEL,
        command=(sys.executable, "-m", "infra.llama_server"),
        probe=HttpProbe(f"http://127.0.0.1:{settings.llm_port}/health"),
        environment=environment | own,
        hung_seconds=_HUNG_SECONDS,
        niceness=_LANGUAGE_MODEL_NICENESS,
    )


def _worker(
    settings: StackSettings,
    queue: str,
    number: int,
    environment: dict[str, str],
    after: tuple[str, ...],
) -> Service:
    name = queue if number == 1 else f"{queue}-{number}"
    return Service(
        name=name,
        command=(*_celery(), "worker", "-Q", queue, "-n", f"{name}@%h"),
        probe=HeartbeatProbe(settings.redis_address, queue),
        environment=environment,
        after=after,
        stop_seconds=30.0,
        # The silence of a Redis that is not ours cannot be distinguished from the worker's.
        hung_seconds=_HUNG_SECONDS if REDIS in after else None,
        niceness=_NICENESS.get(queue, 0),
    )


def _gateway(
    settings: StackSettings, environment: dict[str, str], after: tuple[str, ...]
) -> Service:
    return Service(
        name="gateway",
        command=(
            *(sys.executable, "-m", "gunicorn"),
            *("gateway.wsgi:create()", "-c", "python:gateway.gunicorn_conf"),
        ),
        probe=HttpProbe(f"{settings.gateway_url}/healthz"),
        environment=environment,
        after=after,
        stop_seconds=settings.wait_seconds + _GATEWAY_STOP_SECONDS,
    )


def _flower(settings: StackSettings, after: tuple[str, ...]) -> Service:
    """Return Flower; its password goes through the environment, which `ps` does not show.

    Flower itself keeps its HTTP API closed until a login is set: any web page that is open on this
    machine could otherwise stop workers through it.
    """
    secret = settings.flower_basic_auth
    return Service(
        name="flower",
        command=(
            *(*_celery(), "flower", "--address=127.0.0.1"),
            *(f"--port={settings.flower_port}", "--persistent=False"),
        ),
        probe=HttpProbe(f"{settings.flower_url}/healthcheck"),
        environment=_environment(settings) | ({"FLOWER_BASIC_AUTH": secret} if secret else {}),
        after=after,
        niceness=_FLOWER_NICENESS,
    )


def _celery() -> tuple[str, ...]:
    return (sys.executable, "-m", "celery", "-A", "workers.celery_app")

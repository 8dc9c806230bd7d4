"""Variables of other programs that would change what Parley starts.

Celery, gunicorn and Flower take options from the environment. The commands that start them here
name all that is needed, so what another application or Kubernetes has set there is left out.
"""

from collections.abc import Mapping

from shared.environment import is_service_link

_NAMES = frozenset(
    (
        # Celery's command has short names, too.
        *("APP", "BROKER_URL", "RESULT_BACKEND", "LOADER", "CONFIG_MODULE", "SKIP_CHECKS"),
        *("GUNICORN_CMD_ARGS", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS"),
        *("FLOWER_PORT", "FLOWER_ADDRESS", "FLOWER_PERSISTENT", "FLOWER_UNIX_SOCKET"),
    )
)


def without_foreign(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what would change Celery, gunicorn or Flower.

    Other FLOWER_* stay: Flower behind a proxy needs FLOWER_URL_PREFIX, for example.
    """
    return {name: text for name, text in environment.items() if not _is_foreign(name, text)}


def _is_foreign(name: str, text: str) -> bool:
    of_flower = name.startswith("FLOWER_") and (not text.strip() or is_service_link(name, text))
    return name in _NAMES or name.startswith("CELERY_") or of_flower

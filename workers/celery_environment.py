"""What other Celery applications leave in the environment, and what becomes of it here.

Celery reads these variables before an application's own settings, so another application's broker
would take Parley's link over.
"""

import logging
import os
from collections.abc import MutableMapping
from typing import Any

from celery import Celery
from celery.loaders.app import AppLoader

from shared.errors import SettingsError

logger = logging.getLogger(__name__)

IGNORED = (
    "CELERY_BROKER_URL",
    "CELERY_BROKER_READ_URL",
    "CELERY_BROKER_WRITE_URL",
    "CELERY_RESULT_BACKEND",
    "CELERY_CONFIG_MODULE",
)
# Options of `celery worker` that Celery's command takes from the environment.
_OPTIONS = ("CELERY_WORKER_", "CELERY_CUSTOM_WORKER_POOL")


class ParleyCelery(Celery):  # type: ignore[misc] # Celery has no types
    """A Celery application that is configured by Parley's settings alone."""

    @property
    def conf(self) -> Any:
        """Return the configuration; the first use takes what is not ours out of the environment."""
        ignore_foreign_settings(os.environ)
        return super().conf

    @conf.setter
    def conf(self, configuration: Any) -> None:
        self._conf = configuration


class OwnLoader(AppLoader):  # type: ignore[misc] # Celery has no types
    """Loads no configuration module, whichever the environment names."""

    def read_configuration(self, env: str = "CELERY_CONFIG_MODULE") -> dict[str, Any]:
        """Return nothing: all settings are the application's own."""
        return {}


def ignore_foreign_settings(environment: MutableMapping[str, str]) -> None:
    """Remove what would take the place of Parley's settings, and say so once."""
    for name in IGNORED:
        if environment.pop(name, ""):
            logger.warning("%s is ignored: PARLEY_REDIS_URL says where the queue is", name)


def refuse_foreign_options(environment: MutableMapping[str, str]) -> None:
    """Raise SettingsError for a variable that has changed the options of this worker already."""
    for name in sorted(environment):
        if name.startswith(_OPTIONS) and environment[name]:
            raise SettingsError(
                f"{name} is set, which Celery takes for an option of its worker: unset it; "
                "Parley's workers are set by PARLEY_* and by options on the command line"
            )

"""Keep Flower on its own machine as long as it asks for no login: it can stop workers.

And let it collect garbage seldom: looking over the tasks in its memory, a hundred thousand at most,
was a fifth of what an event cost (docs/experiments/overhead.md).
"""

import logging
from typing import Any, Protocol

import click
from celery.signals import import_modules
from pydantic import Field

from shared.errors import SettingsError
from shared.gc_tuning import freeze_gc
from shared.loopback import is_loopback
from shared.settings import CommonSettings, load
from workers.celery_start import ending_with_a_sentence

_LOOPBACK = "127.0.0.1"

logger = logging.getLogger(__name__)


class FlowerOptions(Protocol):
    """What of Flower's options matters here; an empty address is every address."""

    address: str
    unix_socket: str
    basic_auth: list[str]
    auth: str


class _FlowerSettings(CommonSettings):
    publish_address: str | None = Field(None, description="as the gateway's")


def connect_flower_access() -> None:
    """Check Flower's options before it listens, and tune it."""
    import_modules.connect(_prepare_flower, weak=False)


def _prepare_flower(**_signal: Any) -> None:
    context = click.get_current_context(silent=True)
    if context is None or context.info_name != "flower":
        return
    from tornado.options import options

    with ending_with_a_sentence():
        keep_closed(options, load(_FlowerSettings).publish_address)
    freeze_gc()


def keep_closed(options: FlowerOptions, publish_address: str | None) -> None:
    """Let Flower listen on this machine if nothing else is said and it has no login.

    Raises SettingsError if another address is asked for without one. `publish_address` is where the
    port of a container is reached.
    """
    if options.basic_auth or options.auth or options.unix_socket:
        return
    if not options.address and is_loopback(publish_address or _LOOPBACK):
        options.address = _LOOPBACK
        logger.info("Flower has no login and listens on %s alone", _LOOPBACK)
    reached = publish_address or options.address
    if not is_loopback(reached):
        raise SettingsError(
            f"Flower would be reached on {reached} by anybody: give it a login with "
            "PARLEY_FLOWER_BASIC_AUTH (or --basic-auth) as user:password, or let it listen on "
            f"{_LOOPBACK}"
        )

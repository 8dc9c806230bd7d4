"""Check that a gateway which others than this machine can reach lets in only who has a key.

`python -m gateway.exposure` exits with EX_CONFIG and a sentence if it does not. gunicorn's first
process has this asked by another one: it must not load what its workers patch.
"""

import os
import sys
from contextlib import suppress

from gateway.settings import GatewaySettings
from shared.errors import ParleyError, QueueUnavailable, SettingsError
from shared.key_store import RedisKeyStore
from shared.partitions import connect_partitions
from shared.settings import load


def check_exposure(settings: GatewaySettings) -> None:
    """Raise SettingsError where nobody has a key and it is not said that nobody needs one.

    Without Redis it is not known whether there are keys; then they are asked for in any case.
    """
    if settings.asks_always and not settings.given_keys and not _has_keys(settings):
        raise SettingsError(
            f"{settings.publish_address or settings.http_host} is reached from other machines, and "
            "there is no API key: make one with `parley keys create` (in the embedded Redis while "
            "Parley listens on this machine alone), set PARLEY_API_KEYS, or let everybody in with "
            "PARLEY_OPEN_ACCESS=true."
        )


def _has_keys(settings: GatewaySettings) -> bool:
    partitions = connect_partitions(settings.redis_address, settings.partitions)
    with suppress(QueueUnavailable), partitions.home as client:
        return RedisKeyStore(client).has_keys()
    return True


if __name__ == "__main__":
    try:
        check_exposure(load(GatewaySettings))
    except ParleyError as error:
        sys.stderr.write(f"parley gateway: {error}\n")
        sys.exit(os.EX_CONFIG)

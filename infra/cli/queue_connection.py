"""The Redis that is set, for commands that read it themselves."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import redis

    from shared.partitions import Partitions


def connect_to_queue() -> "redis.Redis":
    """Return a client of what belongs to no conversation; raise as `connect_to_partitions`."""
    partitions = _partitions()
    _check((partitions.home,))
    return partitions.home


def connect_to_partitions() -> "Partitions":
    """Return clients of the Redis that is set; raise QueueUnavailable if any does not answer."""
    partitions = _partitions()
    _check(partitions.clients)
    return partitions


def _partitions() -> "Partitions":
    from shared.partitions import connect_partitions
    from shared.settings import CommonSettings, load

    settings = load(CommonSettings)
    return connect_partitions(settings.redis_address, settings.partitions)


def _check(clients: "Sequence[redis.Redis]") -> None:
    import redis

    from infra.supervisor.terminal import without_password
    from shared.errors import QueueUnavailable
    from shared.settings import CommonSettings, load

    try:
        for client in clients:
            client.ping()
    except redis.RedisError as error:
        address = load(CommonSettings).redis_address
        raise QueueUnavailable(
            f"No Redis answers at {without_password(address)} ({error}): start Parley with "
            "`make run`, or name another with PARLEY_REDIS_URL or PARLEY_REDIS_PORT."
        ) from None

"""The settings by which Celery reaches the Redis that PARLEY_REDIS_URL names.

They are made from what shared/redis_address.py reads, not from the URL itself: Celery and redis-py
read URLs differently.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from shared.partition_names import STOCK_PREFIX
from shared.redis_address import (
    ClusterAddress,
    SentinelAddress,
    ServerAddress,
    read_redis_address,
)
from shared.web_address import url_host

# By name: who has no cluster does not import them.
TRANSPORT = "workers.celery_cluster:ClusterTransport"
BACKEND = "workers.celery_cluster:ClusterBackend"
# Without them a Redis that hangs would hang Celery's link, and with it the worker's stop.
_TIMEOUTS = {"socket_timeout": 5.0, "socket_connect_timeout": 2.0}
# The result backend's names for what the broker's transport calls as redis-py does.
_BACKEND_NAMES = {
    "socket_timeout": "redis_socket_timeout",
    "socket_connect_timeout": "redis_socket_connect_timeout",
    "health_check_interval": "redis_backend_health_check_interval",
    "socket_keepalive": "redis_socket_keepalive",
    "client_name": "redis_client_name",
}


def celery_link(url: str) -> dict[str, Any]:
    """Return broker and result backend, both the same Redis."""
    address = read_redis_address(url)
    options: dict[str, Any] = {**_TIMEOUTS, **address.options.given}
    backend_options = {_BACKEND_NAMES[name]: value for name, value in options.items()}
    if isinstance(address, SentinelAddress):
        return backend_options | _sentinel_link(address, options)
    if isinstance(address, ClusterAddress):
        return _cluster_link(address, options, backend_options)
    return _server_link(address, options, backend_options)


def _server_link(
    address: ServerAddress, options: dict[str, Any], backend_options: dict[str, Any]
) -> dict[str, Any]:
    place = _url(address)
    # As an option of the URL: `celery inspect conf` fails over a number under this name.
    interval = backend_options.pop(_BACKEND_NAMES["health_check_interval"], None)
    separator = "?" if address.path is None else "&"
    link = {
        **backend_options,
        "broker_url": place,
        "result_backend": f"{place}{separator}health_check_interval={interval}"
        if interval
        else place,
        "broker_transport_options": options,
    }
    if address.tls:
        tls = dict(address.options.tls)
        link |= {"broker_use_ssl": tls, "redis_backend_use_ssl": tls}
    return link


def _cluster_link(
    address: ClusterAddress, options: dict[str, Any], backend_options: dict[str, Any]
) -> dict[str, Any]:
    """Return a link to a node, by a transport that finds the right one by itself."""
    link = _server_link(address.node(*address.nodes[0]), options, backend_options)
    prefix = {"global_keyprefix": STOCK_PREFIX}
    return {
        **link,
        "broker_transport": TRANSPORT,
        "broker_transport_options": {**options, **prefix},
        "result_backend": f"{BACKEND}+{link['result_backend']}",
        "result_backend_transport_options": prefix,
    }


def _url(address: ServerAddress) -> str:
    entry = _entry(address)
    if address.path is not None:
        path = quote(address.path)
        return f"redis+socket://{entry}{path}?virtual_host={address.database}"
    scheme = "rediss" if address.tls else "redis"
    return f"{scheme}://{entry}{url_host(address.host)}:{address.port}/{address.database}"


def _entry(address: ServerAddress | SentinelAddress) -> str:
    username, password = address.username or "", address.password or ""
    return f"{quote(username, safe='')}:{quote(password, safe='')}@" if password else ""


def _sentinel_link(address: SentinelAddress, options: dict[str, Any]) -> dict[str, Any]:
    url = ";".join(_sentinel_urls(address))
    options = {
        **options,
        "master_name": address.service,
        "sentinel_kwargs": {**_TIMEOUTS, "password": address.sentinel_password},
    }
    return {
        "broker_url": url,
        "result_backend": url,
        "broker_transport_options": options,
        "result_backend_transport_options": options,
    }


def _sentinel_urls(address: SentinelAddress) -> Iterable[str]:
    """Yield one URL a sentinel; Celery takes the database from the last, its backend from all."""
    for host, port in address.sentinels:
        yield f"sentinel://{_entry(address)}{url_host(host)}:{port}/{address.database}"

"""The settings by which Celery reaches the Redis that PARLEY_REDIS_URL names."""

import ssl
from typing import Any

from shared.redis_address import (
    SentinelAddress,
    is_sentinel,
    read_sentinel_address,
    split_tls_options,
)

# Without them a Redis that hangs would hang Celery's link, and with it the worker's stop.
_TIMEOUTS = {"socket_timeout": 5.0, "socket_connect_timeout": 2.0}


def celery_link(url: str) -> dict[str, Any]:
    """Return broker and result backend, both the same Redis."""
    link: dict[str, Any] = {
        "redis_socket_timeout": _TIMEOUTS["socket_timeout"],
        "redis_socket_connect_timeout": _TIMEOUTS["socket_connect_timeout"],
    }
    if is_sentinel(url):
        return link | _sentinel_link(read_sentinel_address(url))
    link["broker_transport_options"] = _TIMEOUTS
    if url.startswith("rediss://"):
        return link | _tls_link(url)
    if url.startswith("unix://"):
        url = "redis+socket" + url.removeprefix("unix")
    return link | {"broker_url": url, "result_backend": url}


def _tls_link(url: str) -> dict[str, Any]:
    bare, options = split_tls_options(url)
    tls = {**options, "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return {
        "broker_url": bare,
        "result_backend": bare,
        "broker_use_ssl": tls,
        "redis_backend_use_ssl": tls,
    }


def _sentinel_link(address: SentinelAddress) -> dict[str, Any]:
    entry = f"{address.username or ''}:{address.password}@" if address.password else ""
    hosts = (f"sentinel://{entry}{host}:{port}" for host, port in address.sentinels)
    url = f"{';'.join(hosts)}/{address.database}"
    options = {
        **_TIMEOUTS,
        "master_name": address.service,
        "sentinel_kwargs": {**_TIMEOUTS, "password": address.sentinel_password},
    }
    return {
        "broker_url": url,
        "result_backend": url,
        "broker_transport_options": options,
        "result_backend_transport_options": options,
    }

"""Where Redis is, from one URL: a server, a server behind TLS, or whatever Sentinel calls master.

redis://[user:password@]host:port/0
rediss://[user:password@]host:port/0[?ssl_ca_certs=/path/ca.pem]
unix:///path/redis.sock
sentinel://[user:password@]host:port[,host:port…]/service[/0][?sentinel_password=…]
"""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

_SENTINEL_PORT = 26379


@dataclass(frozen=True, slots=True)
class SentinelAddress:
    """The sentinels to ask, the name of the service, and how to enter the server they name."""

    sentinels: tuple[tuple[str, int], ...]
    service: str
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_password: str | None = field(default=None, repr=False)


def is_sentinel(url: str) -> bool:
    """Tell whether a URL names sentinels."""
    return url.startswith("sentinel://")


def read_sentinel_address(url: str) -> SentinelAddress:
    """Return what a `sentinel://` URL says; raise ValueError with what is wrong with it."""
    parts = urlsplit(url)
    service, _, database = parts.path.strip("/").partition("/")
    if not service:
        raise ValueError("sentinel://host:port/service names a service after the hosts")
    if database and not database.isdigit():
        raise ValueError("what follows the service is a database's number")
    entry, _, hosts = parts.netloc.rpartition("@")
    username, _, password = entry.partition(":")
    asked = parse_qs(parts.query)
    return SentinelAddress(
        sentinels=tuple(_read_host(host) for host in hosts.split(",")),
        service=unquote(service),
        database=int(database or 0),
        username=unquote(username) or None,
        password=unquote(password) or None,
        sentinel_password=asked.get("sentinel_password", [None])[0],
    )


def split_tls_options(url: str) -> tuple[str, dict[str, str]]:
    """Return a `rediss://` URL without its options, and those."""
    parts: SplitResult = urlsplit(url)
    options = {name: given[0] for name, given in parse_qs(parts.query).items()}
    return urlunsplit(parts._replace(query="")), options


def _read_host(host: str) -> tuple[str, int]:
    parts = urlsplit(f"//{host}")
    if not parts.hostname:
        raise ValueError("sentinel://host:port,host:port/service has an empty host")
    return parts.hostname, parts.port or _SENTINEL_PORT
